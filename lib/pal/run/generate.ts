import type { Tensor3D } from "@tensorflow/tfjs";
import { type Generator, generatorOf, scoresAt } from "../../llm/generate.ts";
import { type LayerKept, makeRoom } from "../../llm/kv-cache.ts";
import { type AudioLlmConfig, designOf } from "../design/design.ts";
import { type AudioLlm, hearText, withParts } from "./audio-llm.ts";

/**
 * Opens a design for questions about clips; `heard` is features_BPE of each
 * encoder, one clip for each prompt.
 *
 * Audio is heard once, with the prompt: its keys and values stay in the cache
 * of each layer that hears it.
 */
export function openAudioGenerator(
  config: AudioLlmConfig,
): Generator<AudioLlm, readonly Tensor3D[]> {
  const { audioAt, llama, variant } = config;
  const { A, countings, layers } = designOf(config);
  const generator = generatorOf<AudioLlm, readonly Tensor3D[]>({
    name: variant.name,
    config: llama,
    llamaOf: withParts,
    layers,
    prefill: (model, { heard, last_BT, slots_BL, text_BT }) => {
      const [[, T], [, L]] = [text_BT.shape, slots_BL.shape];
      const cache: LayerKept[] = [];
      const text_BTD = hearText(
        model,
        { text_BT, features: heard },
        {
          config,
          keep: (kept, { parts }) =>
            cache.push(makeRoom(kept, { L, parts, T })),
        },
      );
      const scored = { config: llama, last_BT };
      return { logits_BV: scoresAt(model.llama, text_BTD, scored), cache };
    },
    positionsOf: (index) =>
      countings.map((hasGap) =>
        hasGap && index >= audioAt ? index + A : index,
      ),
  });
  return {
    dispose: generator.dispose,
    generate: (model, asked, options) => {
      const short = asked.prompts.findIndex(({ length }) => length <= audioAt);
      if (short !== -1) {
        throw new RangeError(
          `generate: expected a question after ${audioAt} system tokens, ` +
            `got ${asked.prompts[short].length} tokens (prompt ${short})`,
        );
      }
      return generator.generate(model, asked, options);
    },
  };
}
