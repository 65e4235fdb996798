import * as tf from "@tensorflow/tfjs";
import { type CompileOptions, compile } from "../engine/compile.ts";
import { launched } from "../tensor/launch.ts";
import { disposeTensors, leaves, type Tensors } from "../tensor/params.ts";
import { noTap } from "../tensor/tap.ts";
import {
  answerRows,
  type Generated,
  type GenerateOptions,
} from "./answer-rows.ts";

import type { LlamaConfig } from "./config.ts";
import {
  type DecodedLayer,
  decodeStep,
  type KvCache,
  makeRoom,
  type NextTokens,
  plainLayers,
  slotTensors,
} from "./kv-cache.ts";
import { embed, type Llama, llamaParts, runBlock, unembed } from "./llama.ts";
import { checkContext, placesOf } from "./places.ts";
import { bucketLength, longestOf, padRows } from "./prompt.ts";
import { rotationOfRows } from "./rope.ts";

/** What the first pass over a batch of prompts reads. */
export type PrefillInput = {
  readonly text_BT: tf.Tensor2D;
  /** 1 at each prompt's last token, 0 elsewhere. */
  readonly last_BT: tf.Tensor2D;
  /** Zeros: its shape says how many slots the cache has. */
  readonly slots_BL: tf.Tensor2D;
};

/** What it leaves. */
export type Prefilled = {
  readonly logits_BV: tf.Tensor2D;
  readonly cache: KvCache;
};

/** How a model reads a prompt; `Heard` is what it hears besides. */
export interface PromptReader<Model extends Tensors, Heard extends Tensors> {
  readonly name: string;
  readonly config: LlamaConfig;
  readonly llamaOf: (model: Model) => Llama;
  readonly layers: readonly DecodedLayer[];
  /** Fills the cache's first T slots. */
  readonly prefill: (
    model: Model,
    input: PrefillInput & { readonly heard: Heard },
  ) => Prefilled;
  /**
   * Positions of a text token, by its place in the text: one for each way in
   * which layers count.
   */
  readonly positionsOf: (index: number) => readonly number[];
}

/** A model open for questions. */
export interface Generator<Model extends Tensors, Heard extends Tensors> {
  /**
   * Answers a batch of prompts, token by token, all of them together.
   *
   * @throws RangeError for an empty prompt, or one that with its answer is
   * longer than the model's context
   */
  generate(
    model: Model,
    asked: {
      readonly prompts: readonly (readonly number[])[];
      readonly heard: Heard;
    },
    options: GenerateOptions,
  ): Promise<Generated[]>;
  /** Frees the compiled steps. */
  dispose(): void;
}

/** Opens a language model for questions; it hears nothing. */
export function openGenerator(
  config: LlamaConfig,
  options: Pick<CompileOptions, "report"> = {},
): Generator<Llama, []> {
  return generatorOf(
    {
      name: config.name,
      config,
      llamaOf: (llama) => llama,
      layers: plainLayers(config),
      prefill: (llama, input) => prefillText(llama, input, config),
      positionsOf: (index) => [index],
    },
    options,
  );
}

/** Reads a batch of prompts and keeps every layer's keys and values. */
function prefillText(
  llama: Llama,
  { last_BT, slots_BL, text_BT }: PrefillInput,
  config: LlamaConfig,
): Prefilled {
  const [[, T], [, L]] = [text_BT.shape, slots_BL.shape];
  const places = placesOf([...Array(T).keys()], config);
  let x_BTD = embed(llama, text_BT);
  const cache = llama.blocks.map((block, layer) => {
    const context = { ...places, config, layer, tap: noTap };
    const { x_BSD, ...made } = runBlock(block, x_BTD, context);
    x_BTD = x_BSD;
    return makeRoom(made, { L, T, parts: llamaParts });
  });
  return { logits_BV: scoresAt(llama, x_BTD, { config, last_BT }), cache };
}

/** Scores after one position of each row. */
export function scoresAt(
  llama: Llama,
  x_BTD: tf.Tensor3D,
  {
    config,
    last_BT,
  }: { readonly config: LlamaConfig; readonly last_BT: tf.Tensor2D },
): tf.Tensor2D {
  const [B, T] = last_BT.shape;
  const last_B1D: tf.Tensor3D = tf.matMul(last_BT.reshape([B, 1, T]), x_BTD);
  const { vocabularySize: V } = config;
  return unembed(llama, last_B1D, { config }).reshape([B, V]);
}

/** A generator around any model that fills a cache. */
export function generatorOf<Model extends Tensors, Heard extends Tensors>(
  reader: PromptReader<Model, Heard>,
  options: Pick<CompileOptions, "report"> = {},
): Generator<Model, Heard> {
  const { config, layers, llamaOf, name, positionsOf } = reader;
  const lastPosition = (index: number) => Math.max(...positionsOf(index));
  const prefill = compile(
    ({ model, ...input }: PrefillInput & { model: Model; heard: Heard }) =>
      reader.prefill(model, input),
    { name: `${name}: prefill`, ...options },
  );
  const decode = compile(
    (input: {
      readonly llama: Llama;
      readonly cache: KvCache;
      readonly next: NextTokens;
    }) => {
      const run = () => decodeStep(input.llama, input, { config, layers });
      return isStreamed(input) ? launched(run) : run();
    },
    { name: `${name}: decode`, ...options },
  );
  return {
    generate: async (model, { heard, prompts }, asked) => {
      const { maxNew, pad = 0, signal } = asked;
      checkMaxNew(asked);
      const longest = checkPrompts(prompts, reader, maxNew);
      // Filling must fit into the context as well.
      const most = config.contextLength - lastPosition(longest) + longest;
      const T = bucketLength(longest, most);
      const L = bucketLength(longest + maxNew, most);
      const text = promptTensors(prompts, { T, L, pad });
      const rows = answerRows(prompts, asked);
      let { cache, logits_BV } = prefill({ model, heard, ...text });
      disposeTensors(text);
      try {
        rows.choose(await logits_BV.data<"float32">());
        for (let made = 0; !rows.areDone(); made++) {
          signal?.throwIfAborted();
          const slots = prompts.map((prompt) => prompt.length + made);
          const positions = slots.map(positionsOf);
          const rotations = positions[0].map((_, way) =>
            rotationOfRows(
              positions.map((each) => [each[way]]),
              config,
            ),
          );
          const next = {
            tokens_B1: tf.tensor2d(rows.last(), [slots.length, 1], "int32"),
            rotations,
            ...slotTensors(slots, L),
          };
          const after = decode({ llama: llamaOf(model), cache, next });
          disposeTensors([next, cache, logits_BV]);
          ({ cache, logits_BV } = after);
          rows.choose(await logits_BV.data<"float32">());
        }
      } finally {
        disposeTensors([cache, logits_BV]);
      }
      return rows.finished();
    },
    dispose: () => {
      prefill.dispose();
      decode.dispose();
    },
  };
}

/** Bytes that no cache holds: beyond, a token takes as long as a pass. */
const streamed = 2 ** 26;

/**
 * Whether a token of one row is a pass over the weights.
 *
 * With two rows and more TensorFlow's own products are the faster ones.
 */
function isStreamed({
  llama,
  next: { tokens_B1 },
}: {
  readonly llama: Llama;
  readonly next: NextTokens;
}): boolean {
  const bytes = leaves(llama).reduce((sum, { size }) => sum + 4 * size, 0);
  return tokens_B1.shape[0] === 1 && bytes >= streamed;
}

/** A cell that says maxTokens or max_new_tokens is told the name. */
function checkMaxNew(options: GenerateOptions): void {
  const { maxNew } = options;
  if (Number.isInteger(maxNew) && maxNew > 0) return;
  const given = Object.keys(options).join(", ");
  const got = maxNew === undefined ? `none among ${given}` : maxNew;
  throw new RangeError(
    `generate: expected maxNew, an answer's most tokens, of 1 or more, got ${got}`,
  );
}

/** The longest prompt's tokens; all of them must fit with their answers. */
function checkPrompts(
  prompts: readonly (readonly number[])[],
  {
    config,
    positionsOf,
  }: Pick<PromptReader<Llama, []>, "config" | "positionsOf">,
  maxNew: number,
): number {
  const empty = prompts.findIndex((prompt) => prompt.length === 0);
  if (empty !== -1 || prompts.length === 0) {
    throw new RangeError(
      "generate: expected prompts of one token or more, got " +
        (prompts.length === 0 ? "no prompt" : `none (prompt ${empty})`),
    );
  }
  const { vocabularySize: V } = config;
  const isToken = (id: number) => Number.isInteger(id) && id >= 0 && id < V;
  const unknown = prompts.flat().find((id) => !isToken(id));
  if (unknown !== undefined) {
    throw new RangeError(
      `generate: expected tokens in 0..${V - 1}, got ${unknown}; ` +
        `use the tokenizer of ${config.name}`,
    );
  }
  const longest = longestOf(prompts);
  checkContext(positionsOf(longest + maxNew - 1), config);
  return longest;
}

function promptTensors(
  prompts: readonly (readonly number[])[],
  { L, T, pad }: { readonly L: number; readonly T: number; pad: number },
): PrefillInput {
  const B = prompts.length;
  const text = padRows(prompts, { length: T, pad });
  const isLast = prompts.map(({ length }) =>
    Array.from({ length: T }, (_, i) => (i === length - 1 ? 1 : 0)),
  );
  return {
    text_BT: tf.tensor2d(text, [B, T], "int32"),
    last_BT: tf.tensor2d(isLast, [B, T]),
    slots_BL: tf.zeros([B, L]),
  };
}
