import * as tf from "@tensorflow/tfjs";
import { compile } from "../engine/compile.ts";
import type { Llama } from "../llm/llama.ts";
import { fusedLayers } from "../pal/design/layer-plan.ts";
import { type AudioLlmConfig, readText } from "../pal/run/audio-llm.ts";

/** What a frozen language model made of texts before it met audio. */
export interface ReadCache {
  /**
   * The text's stream before the first layer with audio.
   *
   * @returns read_BTD, the caller's; undefined where audio is heard at once
   */
  read(llama: Llama, text_BT: tf.Tensor2D): tf.Tensor3D | undefined;
  dispose(): void;
}

/**
 * Keeps what the layers before the fusion layer make of each text: they hear
 * nothing, so a text that comes again need not be read again.
 *
 * For one frozen language model; exact. Where rows take more than
 * `limitBytes` together, the oldest are forgotten.
 */
export function openReadCache(
  config: AudioLlmConfig,
  { limitBytes = 256 * 2 ** 20 }: { readonly limitBytes?: number } = {},
): ReadCache {
  const [first] = fusedLayers(config.variant, config.llama.nLayers);
  const { width: D } = config.llama;
  const rows = new Map<string, Float32Array>();
  let bytes = 0;
  const read = compile(
    (input: { readonly llama: Llama; readonly text_BT: tf.Tensor2D }) => ({
      read_BTD: readText(input.llama, input.text_BT, config),
    }),
    { name: `${config.variant.name}: read` },
  );
  const keep = (keys: readonly string[], read_BTD: tf.Tensor3D) => {
    const values = read_BTD.dataSync<"float32">();
    const size = values.length / keys.length;
    keys.forEach((key, i) => {
      if (rows.has(key)) return;
      rows.set(key, values.slice(i * size, (i + 1) * size));
      bytes += size * 4;
    });
    for (const [oldest, row] of rows) {
      if (bytes <= limitBytes) break;
      rows.delete(oldest);
      bytes -= row.byteLength;
    }
  };
  return {
    read: (llama, text_BT) => {
      if (first === 0) return undefined;
      const [B, T] = text_BT.shape;
      const tokens = text_BT.dataSync();
      const keys = Array.from({ length: B }, (_, i) =>
        tokens.slice(i * T, (i + 1) * T).join(),
      );
      if (!keys.every((key) => rows.has(key))) {
        const { read_BTD } = read({ llama, text_BT });
        keep(keys, read_BTD);
        return read_BTD;
      }
      const values = new Float32Array(B * T * D);
      keys.forEach((key, i) => {
        values.set(rows.get(key)!, i * T * D);
      });
      return tf.tensor3d(values, [B, T, D]);
    },
    dispose: () => {
      rows.clear();
      read.dispose();
    },
  };
}
