import type { Kind } from "./kind.ts";
import { sounds } from "./kinds/audio.ts";
import { ggufs } from "./kinds/gguf.ts";
import { safetensors } from "./kinds/safetensors.ts";
import { templates } from "./kinds/templates.ts";
import { torchArchives, torchPickles } from "./kinds/torch.ts";

/** What is fed to the library, damaged; another kind is a line here. */
export const kinds: readonly Kind[] = [
  safetensors,
  ggufs,
  torchArchives,
  torchPickles,
  templates,
  ...sounds,
];
