/** Where things lie in a checkout; everything made by set-up is under `.pal`. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const kernelFolder = join(root, "notebooks", "kernel");
export const palFolder = join(root, ".pal");
export const engineFolder = join(palFolder, "engine");
export const stampFolder = join(palFolder, "stamps");
export const logFolder = join(palFolder, "logs");
