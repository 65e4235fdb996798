import * as tf from "@tensorflow/tfjs";
import { dims } from "../tensor/shapes.ts";

/**
 * Mean next-token loss over the counted tokens, in nats per token.
 *
 * @param logits_BTV - position T scores the token at T + 1
 * @param tokens_BT - token ids, int32
 * @param counted_BT - 1 where a token counts (the answer), 0 elsewhere
 */
export function answerLoss(
  logits_BTV: tf.Tensor3D,
  tokens_BT: tf.Tensor2D,
  counted_BT: tf.Tensor2D,
): tf.Scalar {
  const { B, T, V } = dims("answerLoss", logits_BTV, "BTV");
  dims("answerLoss", tokens_BT, "BT", { B, T });
  dims("answerLoss", counted_BT, "BT", { B, T });

  return tf.tidy(() => {
    const logProbs_BTV = tf.logSoftmax(
      logits_BTV.slice([0, 0, 0], [B, T - 1, V]),
    );
    const next_BT = tokens_BT.slice([0, 1], [B, T - 1]);
    const nextCounted_BT = counted_BT.slice([0, 1], [B, T - 1]);
    // One-hot, because tfjs has no gradient for gatherND.
    const logProb_BT = logProbs_BTV.mul(tf.oneHot(next_BT, V)).sum(-1);
    return logProb_BT
      .mul(nextCounted_BT)
      .sum()
      .neg()
      .div<tf.Scalar>(nextCounted_BT.sum());
  });
}
