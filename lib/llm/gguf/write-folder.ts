import { join } from "node:path";
import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import { checkTensors } from "../../checkpoint/match.ts";
import { writeHalf } from "../../checkpoint/write-half.ts";
import { writeWhole } from "../../files/atomic.ts";
import { llamaConfig } from "../hf-config.ts";
import { llamaShapes } from "../weights.ts";
import { openGgufLlama } from "./llama.ts";
import { ggufTokenizer } from "./tokenizer.ts";

/**
 * Writes a GGUF file's Llama as Hugging Face's library would have it: weights
 * in float16, config, tokenizer and chat template.
 *
 * float16 is nearer to what few bits stand for than bfloat16 is: of
 * SmolLM2's Q4_1 it changes 0.02 % (root mean square), bfloat16 0.14 %.
 *
 * @param gguf - stays the caller's to close
 * @param folder - is there, and empty
 * @returns the names of the files
 */
export async function writeGgufFolder(
  gguf: Checkpoint,
  folder: string,
  {
    onTensor,
  }: { readonly onTensor?: (done: number, all: number) => void } = {},
): Promise<readonly string[]> {
  const { checkpoint, config } = openGgufLlama(gguf);
  const { config: texts, generation, tokenizer } = ggufTokenizer(gguf);
  checkTensors("writeGgufFolder", llamaShapes(llamaConfig(config)), checkpoint);
  const { bos_token_id, eos_token_id } = generation;
  const whole = { ...config, bos_token_id, eos_token_id };
  const files = {
    "config.json": { ...whole, torch_dtype: "float16" },
    "generation_config.json": generation,
    "tokenizer.json": tokenizer,
    "tokenizer_config.json": texts,
  };
  for (const [name, content] of Object.entries(files)) {
    writeWhole(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
  }
  const weights = "model.safetensors";
  await writeHalf(join(folder, weights), checkpoint, {
    metadata: { format: "pt" },
    onTensor,
  });
  return [...Object.keys(files), weights];
}

/** How many tensors a file stores in each type: "61 F32, 210 Q4_1". */
export function storedTypes({ tensors }: Checkpoint): string {
  const counts = new Map<string, number>();
  for (const { dtype } of tensors.values()) {
    counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  }
  const words = [...counts].map(([type, count]) => `${count} ${type}`);
  return words.sort().join(", ");
}
