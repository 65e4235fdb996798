import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../../llm/config.ts";
import { type Llama, runLlama } from "../../llm/llama.ts";
import { dims } from "../../tensor/shapes.ts";
import { noTap, type Tap, taps } from "../../tensor/tap.ts";
import {
  type AudioLlm,
  type AudioLlmConfig,
  type AudioLlmInput,
  runAudioLlm,
} from "../run/audio-llm.ts";
import type { TokenGroup, TokenRef } from "../run/tokens.ts";
import { type HookSelection, hookName, selectHooks } from "./hook-names.ts";
import { type HookPoint, hookPoints } from "./hooks.ts";

/** Which tokens: those of a group, of several, or those that pass a test. */
export type TokenFilter =
  | TokenGroup
  | readonly TokenGroup[]
  | ((token: TokenRef) => boolean);

/** Of a design, or of a language model alone. */
export interface RecordOptions<
  Config extends AudioLlmConfig | LlamaConfig = AudioLlmConfig,
> {
  readonly config: Config;
  /** Activations to keep; opt-in ones by their name or a pattern. */
  readonly select: HookSelection;
  /** Rows to keep, of tokens that ask; default all. */
  readonly asking?: TokenFilter;
  /** Columns to keep, of tokens that answer; default all. */
  readonly answering?: TokenFilter;
  /** Text tokens before the answer; left out, there is none. */
  readonly answerAt?: number;
  /** Changes activations before they are kept. */
  readonly tap?: Tap;
  /** Refuses to keep more; default 2 GiB. */
  readonly limitBytes?: number;
}

/** Activations of one run; free them with `dispose`. */
export interface Recording {
  /** Scores of the run, logits_BTV. */
  readonly logits_BTV: tf.Tensor3D;
  readonly names: readonly string[];
  readonly bytes: number;
  /** By full name, or short: `get("resid_post", -1)`, `get("pattern", 4)`. */
  get(name: string, layer?: number): tf.Tensor;
  /** The tokens on an activation's axes of asking and answering. */
  axes(name: string, layer?: number): Partial<Record<"q" | "k", TokenRef[]>>;
  dispose(): void;
}

/** What a language model reads that hears nothing. */
export type TextInput = Pick<AudioLlmInput, "text_BT">;

const GiB = 2 ** 30;

/** What a recording would hold; nothing is run. */
export function planRecording(
  { text_BT }: TextInput,
  options: RecordOptions<AudioLlmConfig | LlamaConfig>,
): { readonly points: readonly KeptPoint[]; readonly bytes: number } {
  const { answerAt, config, select } = options;
  const { B, T } = dims("planRecording", text_BT, "BT");
  const all = hookPoints(config, { B, T, answerAt });
  const chosen = new Set(
    selectHooks(
      all.map(({ name }) => name),
      select,
    ),
  );
  const points = all
    .filter(({ name }) => chosen.has(name))
    .map((point) => narrow(point, options));
  const bytes = points.reduce(
    (sum, { shape }) => sum + 4 * shape.reduce((size, n) => size * n, 1),
    0,
  );
  return { points, bytes };
}

/** A point of which only some tokens are kept: where they stand. */
interface KeptPoint extends HookPoint {
  readonly places: readonly (readonly number[])[];
}

/** The point with only the tokens that the options keep. */
function narrow(
  point: HookPoint,
  { answering, asking }: Pick<RecordOptions, "answering" | "asking">,
): KeptPoint {
  const shape = [...point.shape];
  const places = point.axes.map(({ axis, role, tokens }) => {
    const keeps = passes(role === "q" ? asking : answering);
    const kept = [...tokens.keys()].filter((i) => keeps(tokens[i]));
    shape[axis] = kept.length;
    return kept;
  });
  const axes = point.axes.map((axis, i) => ({
    ...axis,
    tokens: places[i].map((place) => axis.tokens[place]),
  }));
  return { ...point, axes, shape, places };
}

function passes(filter: TokenFilter | undefined) {
  if (filter === undefined) return () => true;
  if (typeof filter === "function") return filter;
  const groups: readonly string[] = [filter].flat();
  return ({ group }: TokenRef) => groups.includes(group);
}

/**
 * Runs a design, or a language model alone, and keeps the chosen activations.
 *
 * @throws RangeError where a name means no activation, or where more than
 * `limitBytes` would be kept; nothing has run by then
 */
export function record(
  model: AudioLlm,
  input: AudioLlmInput,
  options: RecordOptions,
): Recording;
export function record(
  model: Llama,
  input: TextInput,
  options: RecordOptions<LlamaConfig>,
): Recording;
export function record(
  model: AudioLlm | Llama,
  input: AudioLlmInput | TextInput,
  options: RecordOptions<AudioLlmConfig | LlamaConfig>,
): Recording {
  const { config, limitBytes = 2 * GiB, tap = noTap } = options;
  const { bytes, points } = planRecording(input, options);
  if (bytes > limitBytes) {
    const size = (n: number) => `${(n / GiB).toFixed(2)} GiB`;
    throw new RangeError(
      `record: expected at most ${size(limitBytes)}, got ${size(bytes)} ` +
        `(${points.length} activations); select fewer names or tokens, ` +
        "or raise limitBytes",
    );
  }
  const kept = new Map<string, tf.Tensor>();
  const wanted = new Map(points.map((point) => [point.name, point]));
  const see = <X extends tf.Tensor>(name: string, x: X): X => {
    const point = wanted.get(name);
    if (point) kept.set(name, tf.keep(pick(x, point)));
    return x;
  };
  const keeper = Object.assign(see, {
    wants: (name: string) => wanted.has(name),
  });
  const names = points.map(({ name }) => name);
  try {
    const all = taps(tap, keeper);
    const logits_BTV =
      "variant" in config
        ? runAudioLlm(model as AudioLlm, input as AudioLlmInput, {
            config,
            tap: all,
          })
        : runLlama(model as Llama, input.text_BT, { config, tap: all });
    return {
      bytes,
      logits_BTV,
      names,
      get: (name, layer) => kept.get(hookName(names, name, layer))!,
      axes: (name, layer) => {
        const { axes } = wanted.get(hookName(names, name, layer))!;
        const tokens = axes.map((axis) => [axis.role, [...axis.tokens]]);
        return Object.fromEntries(tokens);
      },
      dispose: () => tf.dispose([logits_BTV, ...kept.values()]),
    };
  } catch (cause) {
    tf.dispose([...kept.values()]);
    throw cause;
  }
}

/** The rows and columns of the tokens that are kept. */
function pick(x: tf.Tensor, { axes, places }: KeptPoint): tf.Tensor {
  return tf.tidy(() =>
    axes.reduce((picked, { axis }, i) => {
      if (places[i].length === picked.shape[axis]) return picked;
      return picked.gather(tf.tensor1d([...places[i]], "int32"), axis);
    }, x.clone()),
  );
}
