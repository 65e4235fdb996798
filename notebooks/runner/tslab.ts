import { totalmem } from "node:os";
import { join } from "node:path";

const largestHeap = 8192;

/** Heap of a kernel in MiB: half of the memory, 8 GiB at most. */
function kernelHeap(memoryBytes = totalmem()): number {
  return Math.min(largestHeap, Math.floor(memoryBytes / 2 ** 21));
}

/**
 * The command that starts the repaired tslab kernel.
 *
 * @param folder - `notebooks/kernel`: preload.cjs and tslab's node_modules
 */
export function tslabCommand(folder: string): string[] {
  return [
    process.execPath,
    `--max-old-space-size=${kernelHeap()}`,
    "--require",
    join(folder, "preload.cjs"),
    join(folder, "node_modules", "tslab", "bin", "tslab"),
    "kernel",
    "--config-path",
    "{connection_file}",
  ];
}
