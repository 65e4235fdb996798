import * as tf from "@tensorflow/tfjs";
import { forbidden } from "../tensor/layers.ts";
import { dims } from "../tensor/shapes.ts";
import { noTap, type Tap } from "../tensor/tap.ts";
import type { KeyValue } from "./attention.ts";
import type { LlamaConfig } from "./config.ts";
import { embed, type Llama, llamaParts, unembed } from "./llama.ts";
import { type Keeping, type Named, type Part, runParts } from "./part.ts";
import type { Rotation } from "./rope.ts";

/** What a layer keeps: keys and values, and whatever else its parts do. */
export type LayerKept = KeyValue & Named;

/**
 * What every layer keeps.
 *
 * On the key axis stand what the layer heard besides text (audio tokens, as
 * many as its design gives it) and then L slots for text, some still empty.
 */
export type KvCache = readonly LayerKept[];

/** A layer, as decoding needs to know it. */
export interface DecodedLayer {
  readonly parts: readonly Part[];
  /** By which of `NextTokens.rotations` it turns. */
  readonly counting: number;
}

/** The layers of a language model that hears nothing. */
export function plainLayers({ nLayers }: LlamaConfig): DecodedLayer[] {
  return Array.from({ length: nLayers }, () => ({
    parts: llamaParts,
    counting: 0,
  }));
}

/** Adds empty slots behind the T text tokens of a layer, up to L. */
export function makeRoom(
  kept: Named,
  {
    L,
    parts,
    T,
  }: {
    readonly L: number;
    readonly parts: readonly Part[];
    readonly T: number;
  },
): LayerKept {
  return mapKept(parts, (name, { axes, grows }) =>
    grows
      ? kept[name].pad([...axes].map((axis) => [0, axis === "M" ? L - T : 0]))
      : kept[name],
  );
}

/** A tensor for each that the parts of a layer keep. */
function mapKept(
  parts: readonly Part[],
  make: (name: string, keeping: Keeping) => tf.Tensor,
): LayerKept {
  const kept = parts.flatMap(({ keeps }) => Object.entries(keeps));
  return Object.fromEntries(
    kept.map(([name, keeping]) => [name, make(name, keeping)]),
  ) as LayerKept;
}

/** One more token for each row of a batch, and where it goes. */
export type NextTokens = {
  readonly tokens_B1: tf.Tensor2D;
  /** Of each row's own position, as each kind of layer counts it. */
  readonly rotations: readonly Rotation[];
  /** 1 in the slot that the row's token takes, 0 elsewhere. */
  readonly slot_BL: tf.Tensor2D;
  /** 0 in the slots before it, `forbidden` elsewhere; taken from scores. */
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
  {
    config,
    layers = plainLayers(config),
    tap = noTap,
  }: {
    readonly config: LlamaConfig;
    readonly layers?: readonly DecodedLayer[];
    readonly tap?: Tap;
  },
): { readonly logits_BV: tf.Tensor2D; readonly cache: KvCache } {
  const { mask_BL, rotations, slot_BL, tokens_B1 } = next;
  const { B, L } = dims("decodeStep", slot_BL, "BL");
  let x_BSD = tap("hook_embed", embed(llama, tokens_B1));
  const after = layers.map(({ counting, parts }, layer) => {
    const past = cache[layer];
    const { M } = dims("decodeStep", past.k_BKMH, "BKMH", { B });
    const open: [number, number][] = [
      [0, 0],
      [M - L, 1], // what stands before the text, and the token itself
    ];
    const made = runParts(parts, llama.blocks[layer], {
      x_BSD,
      context: {
        config,
        layer,
        past,
        tap,
        asks: rotations[counting],
        answers: rotations[counting],
        mask_B1SM: mask_BL.pad(open).reshape([B, 1, 1, M + 1]),
      },
    });
    x_BSD = made.x_BSD;
    return store(parts, { past, made: made.kept }, slot_BL);
  });
  const logits_B1V = unembed(llama, x_BSD, { config, tap });
  return {
    logits_BV: logits_B1V.reshape([B, config.vocabularySize]),
    cache: after,
  };
}

/** The layer's cache with the new token's key and value in its slot. */
function store(
  parts: readonly Part[],
  { made, past }: { readonly made: Named; readonly past: LayerKept },
  slot_BL: tf.Tensor2D,
): LayerKept {
  const { B, L } = dims("store", slot_BL, "BL");
  const { M } = dims("store", past.k_BKMH, "BKMH", { B });
  const before: [number, number][] = [
    [0, 0],
    [M - L, 0],
  ];
  const here_B1M1 = slot_BL.pad(before).reshape<tf.Tensor4D>([B, 1, M, 1]);
  const elsewhere_B1M1 = tf.sub(1, here_B1M1);
  return mapKept(parts, (name, { grows }) =>
    grows
      ? past[name].mul(elsewhere_B1M1).add(made[name].mul(here_B1M1))
      : past[name],
  );
}
