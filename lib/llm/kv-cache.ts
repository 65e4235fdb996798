import * as tf from "@tensorflow/tfjs";
import { forbidden } from "../tensor/layers.ts";
import { dims } from "../tensor/shapes.ts";
import { noTap, type Tap } from "../tensor/tap.ts";
import type { LlamaConfig } from "./config.ts";
import {
  embed,
  type KeyValue,
  type Llama,
  runBlock,
  unembed,
} from "./llama.ts";
import type { Rotation } from "./rope.ts";

/**
 * Keys and values of every layer.
 *
 * On the key axis stand what the layer heard besides text (audio tokens, as
 * many as its design gives it) and then L slots for text, some still empty.
 * That is all a design leaves behind: decoding is the same for every one.
 */
export type KvCache = readonly KeyValue[];

/** Adds empty slots behind the T text tokens of a layer, up to L. */
export function makeRoom(
  { k_BKMH, v_BKMH }: KeyValue,
  { L, T }: { readonly L: number; readonly T: number },
): KeyValue {
  const pad = (x_BKMH: tf.Tensor4D): tf.Tensor4D =>
    x_BKMH.pad([
      [0, 0],
      [0, 0],
      [0, L - T],
      [0, 0],
    ]);
  return { k_BKMH: pad(k_BKMH), v_BKMH: pad(v_BKMH) };
}

/** One more token for each row of a batch, and where it goes. */
export type NextTokens = {
  readonly tokens_B1: tf.Tensor2D;
  /** Of each row's own position. */
  readonly rotation: Rotation;
  /** 1 in the slot that the row's token takes, 0 elsewhere. */
  readonly slot_BL: tf.Tensor2D;
  /** 0 in the slots before it, `forbidden` elsewhere. */
  readonly mask_BL: tf.Tensor2D;
};

/** Slots and mask of tokens that go to these slots, one in each row. */
export function slotTensors(
  slots: readonly number[],
  L: number,
): Pick<NextTokens, "slot_BL" | "mask_BL"> {
  const rows = (value: (slot: number, i: number) => number) =>
    tf.tensor2d(
      slots.map((slot) => Array.from({ length: L }, (_, i) => value(slot, i))),
      [slots.length, L],
    );
  return {
    slot_BL: rows((slot, i) => (i === slot ? 1 : 0)),
    mask_BL: rows((slot, i) => (i < slot ? 0 : forbidden)),
  };
}

/**
 * Reads one more token in each row: scores of the next, and the cache with
 * this one in its slot.
 *
 * @returns logits_BV and a new cache; the old one stays the caller's
 */
export function decodeStep(
  llama: Llama,
  { cache, next }: { readonly cache: KvCache; readonly next: NextTokens },
  { config, tap = noTap }: { config: LlamaConfig; tap?: Tap },
): { readonly logits_BV: tf.Tensor2D; readonly cache: KvCache } {
  const { mask_BL, rotation, slot_BL, tokens_B1 } = next;
  const { B, L } = dims("decodeStep", slot_BL, "BL");
  let x_BSD = tap("hook_embed", embed(llama, tokens_B1));
  const after = llama.blocks.map((block, layer) => {
    const past = cache[layer];
    const { M } = dims("decodeStep", past.k_BKMH, "BKMH", { B });
    const open: [number, number][] = [
      [0, 0],
      [M - L, 1], // what stands before the text, and the token itself
    ];
    const made = runBlock(block, x_BSD, {
      ...{ config, layer, past, tap, asks: rotation, answers: rotation },
      mask_B1SM: mask_BL.pad(open).reshape([B, 1, 1, M + 1]),
    });
    x_BSD = made.x_BSD;
    return store(past, made, slot_BL);
  });
  const logits_B1V = unembed(llama, x_BSD, { config, tap });
  return {
    logits_BV: logits_B1V.reshape([B, config.vocabularySize]),
    cache: after,
  };
}

/** The layer's cache with the new token's key and value in its slot. */
function store(past: KeyValue, made: KeyValue, slot_BL: tf.Tensor2D): KeyValue {
  const { B, L } = dims("store", slot_BL, "BL");
  const { M } = dims("store", past.k_BKMH, "BKMH", { B });
  const before: [number, number][] = [
    [0, 0],
    [M - L, 0],
  ];
  const here_B1M1 = slot_BL.pad(before).reshape<tf.Tensor4D>([B, 1, M, 1]);
  const elsewhere_B1M1 = tf.sub(1, here_B1M1);
  const put = (old_BKMH: tf.Tensor4D, new_BK1H: tf.Tensor4D): tf.Tensor4D =>
    old_BKMH.mul(elsewhere_B1M1).add(new_BK1H.mul(here_B1M1));
  return {
    k_BKMH: put(past.k_BKMH, made.k_BKMH),
    v_BKMH: put(past.v_BKMH, made.v_BKMH),
  };
}
