/**
 * A fourth encoder, in one file: Whisper's, of which the library knows nothing.
 *
 * After openai/whisper, whisper/audio.py and whisper/model.py, with the names
 * of transformers. No weights of OpenAI's were compared with it: it shows that
 * an encoder without an axis of frequency fits in, and no more.
 */
import * as tf from "@tensorflow/tfjs";
import { fill } from "../../lib/audio/clap-mel.ts";
import { hann } from "../../lib/audio/fft.ts";
import type { FrontEnd } from "../../lib/audio/front-end.ts";
import type { FrameOptions, Mel } from "../../lib/audio/mel.ts";
import { logBands, melBank, triangle } from "../../lib/audio/mel-bank.ts";
import { bandEdges, bandSpans, slaney } from "../../lib/audio/mel-scale.ts";
import { fieldsOf } from "../../lib/checkpoint/config-fields.ts";
import { readModel } from "../../lib/checkpoint/reader.ts";
import type { EncoderDeclaration } from "../../lib/encoder/declaration.ts";
import { spans, timeGrid } from "../../lib/encoder/sound-grid.ts";
import { dims } from "../../lib/tensor/shapes.ts";
import { noTap } from "../../lib/tensor/tap.ts";
import {
  type Affine,
  type Attention,
  affine,
  gelu,
  layerNorm,
  type Mlp,
  mlp,
  type Norm,
  selfAttention,
} from "../../lib/tensor/transformer.ts";

const mel: FrameOptions & { readonly nSamples: number } = {
  sampleRate: 16_000,
  nSamples: 480_000, // 30 s
  windowLength: 400, // 25 ms
  hopLength: 160, // 10 ms
  nBands: 80,
  lowest: 0,
  highest: 8_000,
  floor: 1e-10,
};

const nFrames = mel.nSamples / mel.hopLength;

/** Log-mel frames; those of the padding are the floor's. */
function frames(samples: Float32Array): Mel {
  const { floor, hopLength, nBands, nSamples, windowLength } = mel;
  const reach = windowLength / 2;
  const clip = new Float32Array(nSamples + 2 * reach);
  clip.set(fill(samples, { nSamples, padding: "pad" }), reach);
  for (let i = 1; i <= reach; i++) clip[reach - i] = clip[reach + i];
  const values = new Float32Array(nFrames * nBands).fill(Math.log10(floor));
  const nHeard = Math.ceil((samples.length + reach) / hopLength);
  const power = new Float64Array(reach + 1);
  for (let f = 0; f < Math.min(nFrames, nHeard); f++) {
    spectrum(clip.subarray(f * hopLength, f * hopLength + windowLength), power);
    const at = f * nBands;
    logBands(power, bank, { out: values, at, floor, scale: 1 / Math.LN10 });
  }
  const loudest = values.reduce((most, x) => Math.max(most, x), -Infinity);
  return {
    nFrames,
    nBands,
    values: values.map((x) => (Math.max(x, loudest - 8) + 4) / 4),
  };
}

const window = hann(mel.windowLength);
const turns = Float64Array.from(
  { length: mel.windowLength },
  (_, i) => (2 * Math.PI * i) / mel.windowLength,
);
const [cos, sin] = [turns.map(Math.cos), turns.map(Math.sin)];

/** A window of 400 is no power of two: the sum that defines the transform. */
function spectrum(frame: Float32Array, power: Float64Array): void {
  const windowed = window.map((weight, i) => weight * frame[i]);
  for (let k = 0; k < power.length; k++) {
    let [re, im] = [0, 0];
    for (let i = 0, turn = 0; i < windowed.length; i++) {
      re += windowed[i] * cos[turn];
      im += windowed[i] * sin[turn];
      turn = (turn + k) % windowed.length;
    }
    power[k] = re * re + im * im;
  }
}

const edges = bandEdges(slaney, mel);
const bank = melBank(mel.nBands, mel.windowLength / 2 + 1, (band, bin) => {
  const around = edges.slice(band, band + 3);
  const hz = (bin * mel.sampleRate) / mel.windowLength;
  return (2 / (around[2] - around[0])) * triangle(hz, around);
});

export const whisperFrontEnd: FrontEnd = {
  name: "whisper",
  module: import.meta.url,
  sampleRate: mel.sampleRate,
  nFrames,
  nBands: mel.nBands,
  unit: { name: "(log10 of power + 4) / 4", scale: 40, shift: -40 },
  start: 0,
  hop: mel.hopLength / mel.sampleRate,
  hertz: bandSpans(mel.nBands, slaney, mel),
  options: { ...mel },
  frames,
};

interface WhisperConfig {
  readonly nLayers: number;
  readonly width: number;
  readonly mlpWidth: number;
  readonly nHeads: number;
  readonly melBands: number;
  readonly maxSteps: number;
}

type Whisper = {
  readonly convolutions: readonly Affine[];
  readonly positions_PE: tf.Tensor2D;
  readonly blocks: readonly {
    readonly attentionNorm: Norm;
    readonly attention: Attention;
    readonly mlpNorm: Norm;
    readonly mlp: Mlp;
  }[];
  readonly outputNorm: Norm;
};

/** The first 10.24 s, so that eight cells lie on each of SSLAM's steps. */
const nSteps = 512;
const epsilon = 1e-5;
const kernel = 3; // frames

export const whisper: EncoderDeclaration<WhisperConfig, Whisper> = {
  name: "whisper",
  title: "Whisper",
  frontEnd: whisperFrontEnd,
  isOf: ({ tensors }) =>
    [...tensors.keys()].some((name) => name.endsWith("encoder.conv1.weight")),
  configOf: (raw) => {
    const fields = fieldsOf("whisperConfig", raw);
    fields.expect("activation_function", "gelu");
    return {
      nLayers: fields.count("encoder_layers", 6),
      width: fields.count("d_model", 512),
      mlpWidth: fields.count("encoder_ffn_dim", 2048),
      nHeads: fields.count("encoder_attention_heads", 8),
      melBands: fields.count("num_mel_bins", 80),
      maxSteps: fields.count("max_source_positions", 1500),
    };
  },
  gridOf: () => {
    // A frame is centered on its time, a cell on every second frame.
    const half = whisperFrontEnd.hop;
    const seconds = spans(nSteps, (t) => [
      Math.max(0, (2 * t - 1) * half),
      (2 * t + 1) * half,
    ]);
    return timeGrid(seconds, whisperFrontEnd);
  },
  widthOf: ({ width }) => width,
  shapesOf: ({ maxSteps, melBands, mlpWidth, nLayers, width: E }) => {
    const norm = (name: string) =>
      [
        [`${name}.weight`, [E]],
        [`${name}.bias`, [E]],
      ] as const;
    const matrix = (name: string, from: number, to: number) =>
      [
        [`${name}.weight`, [to, from]],
        [`${name}.bias`, [to]],
      ] as const;
    const block = (i: number) => [
      ...norm(`layers.${i}.self_attn_layer_norm`),
      ...matrix(`layers.${i}.self_attn.q_proj`, E, E),
      matrix(`layers.${i}.self_attn.k_proj`, E, E)[0],
      ...matrix(`layers.${i}.self_attn.v_proj`, E, E),
      ...matrix(`layers.${i}.self_attn.out_proj`, E, E),
      ...norm(`layers.${i}.final_layer_norm`),
      ...matrix(`layers.${i}.fc1`, E, mlpWidth),
      ...matrix(`layers.${i}.fc2`, mlpWidth, E),
    ];
    const bare: (readonly [string, readonly number[]])[] = [
      ["conv1.weight", [E, melBands, kernel]],
      ["conv1.bias", [E]],
      ["conv2.weight", [E, E, kernel]],
      ["conv2.bias", [E]],
      ["embed_positions.weight", [maxSteps, E]],
      ...Array.from({ length: nLayers }, (_, i) => block(i)).flat(),
      ...norm("layer_norm"),
    ];
    return new Map(
      bare.map(([name, shape]) => [`model.encoder.${name}`, shape]),
    );
  },
  load: (checkpoint, config) =>
    readModel(checkpoint, {
      caller: "loadWhisper",
      rename: (name) =>
        /^(model\.decoder|proj_out)\./.test(name) ? undefined : name,
      wanted: () => whisper.shapesOf(config),
      build: async ({ affine, norm, rows }) => {
        const blocks: Whisper["blocks"][number][] = [];
        for (let i = 0; i < config.nLayers; i++) {
          const at = `model.encoder.layers.${i}`;
          const asking = ["q_proj", "k_proj", "v_proj"];
          blocks.push({
            attentionNorm: await norm(`${at}.self_attn_layer_norm`),
            attention: {
              queryKeyValue: await affine(
                ...asking.map((part) => `${at}.self_attn.${part}`),
              ),
              output: await affine(`${at}.self_attn.out_proj`),
            },
            mlpNorm: await norm(`${at}.final_layer_norm`),
            mlp: {
              up: await affine(`${at}.fc1`),
              down: await affine(`${at}.fc2`),
            },
          });
        }
        return {
          convolutions: [
            await affine("model.encoder.conv1"),
            await affine("model.encoder.conv2"),
          ],
          positions_PE: await rows(
            "model.encoder.embed_positions.weight",
            config.width,
          ),
          blocks,
          outputNorm: await norm("model.encoder.layer_norm"),
        };
      },
    }),
  run: (
    { blocks, convolutions: [first, second], outputNorm, positions_PE },
    mel_BFL,
    { config: { maxSteps, melBands, nHeads }, tap = noTap },
  ) =>
    tf.tidy(() => {
      dims("runWhisper", mel_BFL, "BFL", { F: 2 * maxSteps, L: melBands });
      const fine_BFE = gelu(convolve(mel_BFL, first, 1));
      const steps_BPE = gelu(convolve(fine_BFE, second, 2));
      let x_BPE: tf.Tensor3D = steps_BPE.add(positions_PE);
      blocks.forEach((block, layer) => {
        const name = `blocks.${layer}.attn`;
        x_BPE = tf.tidy(() => {
          const asking_BPE = layerNorm(x_BPE, block.attentionNorm, epsilon);
          const mid_BPE: tf.Tensor3D = x_BPE.add(
            selfAttention(asking_BPE, block.attention, { nHeads, name, tap }),
          );
          const normed_BPE = layerNorm(mid_BPE, block.mlpNorm, epsilon);
          return mid_BPE.add<tf.Tensor3D>(mlp(normed_BPE, block.mlp));
        });
      });
      const features_BPE = layerNorm(x_BPE, outputNorm, epsilon);
      const { B, E } = dims("runWhisper", features_BPE, "BPE");
      return features_BPE.slice([0, 0, 0], [B, nSteps, E]);
    }),
  small: {
    d_model: 32,
    encoder_layers: 2,
    encoder_ffn_dim: 64,
    encoder_attention_heads: 2,
  },
  startOf: (tensor) =>
    tensor.endsWith("embed_positions.weight")
      ? { middle: 0, spread: 0.02 }
      : undefined,
  published: [
    {
      name: "whisper-base",
      repository: "openai/whisper-base",
      files: [["config.json"], ["model.safetensors"]],
      license: "apache-2.0",
      megabytes: 290,
      config: {},
    },
  ],
};

/**
 * A convolution along time over three frames, one of them before the first and
 * one after the last: a product, since the kernel's rows go by channel.
 */
function convolve(
  x_BFE: tf.Tensor3D,
  { bias_X, weight_EX }: Affine,
  stride: number,
): tf.Tensor3D {
  const { B, F, E } = dims("convolve", x_BFE, "BFE");
  const padded_BFE = x_BFE.pad([
    [0, 0],
    [1, 1],
    [0, 0],
  ]);
  const taps = Array.from({ length: kernel }, (_, k) =>
    padded_BFE
      .stridedSlice([0, k, 0], [B, k + F, E], [1, stride, 1])
      .expandDims<tf.Tensor4D>(-1),
  );
  const patches_BPX = tf
    .concat(taps, -1)
    .reshape<tf.Tensor3D>([B, F / stride, E * kernel]);
  return affine(patches_BPX, { weight_EX, bias_X });
}
