import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { LlamaConfig } from "../../lib/llm/config.ts";
import { llamaShapes } from "../../lib/llm/weights.ts";
import { random } from "../../lib/tensor/random.ts";

/** Numbers drawn; tensors take them again and again, from another place on. */
const nDrawn = 1 << 20;
/** Standard deviation of the matrices, Llama's own before training. */
const scale = 0.02;

/** Writes a Llama of random weights as it is published: BF16 safetensors. */
export function writeLlama(folder: string, config: LlamaConfig): void {
  const shapes = [...llamaShapes(config)];
  let end = 0;
  const header = Object.fromEntries(
    shapes.map(([name, shape]) => {
      const start = end;
      end += 2 * sizeOf(shape);
      return [name, { dtype: "BF16", shape, data_offsets: [start, end] }];
    }),
  );
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = openSync(join(folder, "model.safetensors"), "w");
  try {
    writeSync(file, length);
    writeSync(file, json);
    const drawn = drawBfloat16();
    shapes.forEach(([, shape], i) => {
      if (shape.length === 1) writeOnes(file, shape[0]);
      else writeDrawn(file, sizeOf(shape), { drawn, from: 7919 * i });
    });
  } finally {
    closeSync(file);
  }
  const text = JSON.stringify(publishedConfig(config));
  writeFileSync(join(folder, "config.json"), text);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1);
}

/** The upper halves of float32 numbers. */
function drawBfloat16(): Uint16Array {
  const chance = random("full size");
  const values = Float32Array.from(
    { length: nDrawn },
    () => scale * chance.normal(),
  );
  const bits = new Uint32Array(values.buffer);
  return Uint16Array.from(bits, (word) => word >>> 16);
}

function writeOnes(file: number, n: number): void {
  writeSync(file, new Uint16Array(n).fill(0x3f80));
}

function writeDrawn(
  file: number,
  n: number,
  { drawn, from }: { readonly drawn: Uint16Array; readonly from: number },
): void {
  let at = from % nDrawn;
  for (let left = n; left > 0; at = 0) {
    const piece = drawn.subarray(at, Math.min(nDrawn, at + left));
    writeSync(file, piece);
    left -= piece.length;
  }
}

function publishedConfig(config: LlamaConfig) {
  const { rope } = config;
  const { scaling } = rope;
  return {
    model_type: "llama",
    tie_word_embeddings: true,
    hidden_size: config.width,
    intermediate_size: config.ffnWidth,
    num_hidden_layers: config.nLayers,
    num_attention_heads: config.nHeads,
    num_key_value_heads: config.nKvHeads,
    head_dim: config.headWidth,
    vocab_size: config.vocabularySize,
    max_position_embeddings: config.contextLength,
    rms_norm_eps: config.normEpsilon,
    rope_theta: rope.theta,
    rope_scaling: scaling && {
      rope_type: "llama3",
      factor: scaling.factor,
      low_freq_factor: scaling.lowFrequencyFactor,
      high_freq_factor: scaling.highFrequencyFactor,
      original_max_position_embeddings: scaling.originalLength,
    },
  };
}
