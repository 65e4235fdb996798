import type { PublishedLlm } from "./published.ts";

/**
 * A model card for weights that were made of a package's GGUF: what they are,
 * whose, and what was changed.
 *
 * @param types - how many tensors the GGUF stores in each type
 */
export function modelCard(
  { copyright, license, package: pack, repository, title }: PublishedLlm,
  types: string,
): string {
  return `---
license: ${license.toLowerCase()}
base_model: ${repository}
---

# ${title}, from 4 bits

The language model ${repository}, copyright ${copyright}, under the licence
${license}. The authors' own card is on the hub, under that name.

These are not the published weights. They are those of the Python package
${pack.name} ${pack.version} (${pack.license}), file
\`${pack.gguf.file}\`, which stores tensors as
${types}. What was changed: every number is what those few bits stand for,
in float16; the rows of queries and keys are in Hugging Face's order; config,
tokenizer and chat template were made of the GGUF's header.

What rounding to 4 bits costs in skill was not measured. A number that was
computed with these weights should say so: \`source.json\` has the words, and the
sha256 of each file.
`;
}
