import { createRequire, type Module } from "node:module";
import type { ColumnTable } from "arquero";
import type { DataFrame } from "danfojs-node";
import { columnsOf } from "./columns.ts";

const require = createRequire(import.meta.url);

/**
 * A table as a danfojs DataFrame, for those who think in pandas.
 *
 * danfojs is slow and heavy: it is loaded at the first call, and is meant for
 * small tables of results. The engine that computes stays the one it was.
 */
export async function toDanfo(table: ColumnTable): Promise<DataFrame> {
  const columns = columnsOf(table);
  const { DataFrame } = loadDanfo();
  return new DataFrame(
    Object.fromEntries(
      columns.map(({ name, cells, isNumber }) => [
        name,
        // danfojs keeps a column's kind only where nothing is null.
        cells.map((cell) => cell ?? (isNumber ? Number.NaN : undefined)),
      ]),
    ),
  );
}

let danfo: typeof import("danfojs-node") | undefined;

/**
 * Loads danfojs on top of the tfjs that the library has.
 *
 * danfojs asks for tfjs-node by name, which takes over as the engine when it
 * loads, or fails where it was not built. While danfojs loads, that name
 * stands for plain tfjs; later calls of tfjs-node find the real one.
 */
function loadDanfo(): typeof import("danfojs-node") {
  if (danfo !== undefined) return danfo;
  let file: string | undefined;
  try {
    const danfoFile = require.resolve("danfojs-node");
    const engineFile = createRequire(danfoFile).resolve(
      "@tensorflow/tfjs-node",
    );
    if (require.cache[engineFile] === undefined) {
      file = engineFile;
      require.cache[file] = standIn(file, require("@tensorflow/tfjs"));
    }
    danfo = require(danfoFile) as typeof import("danfojs-node");
    return danfo;
  } catch (cause) {
    throw new Error(
      "toDanfo: expected danfojs-node to load, got " +
        `"${cause instanceof Error ? cause.message : cause}"; run npm install`,
      { cause },
    );
  } finally {
    if (file !== undefined) delete require.cache[file];
  }
}

function standIn(file: string, exports: unknown): NodeJS.Module {
  const module = { id: file, filename: file, loaded: true, exports };
  return { ...module, children: [], paths: [] } as unknown as Module;
}
