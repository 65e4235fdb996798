"use strict";
/**
 * tslab's compiler, asked for source maps.
 *
 * Of the types in node_modules/@types only Node's are there without an import:
 * the others would cost every kernel time at its start.
 *
 * A cell is compiled twice: TypeScript to ES modules, then to CommonJS. The
 * maps of both are kept under the text that the second compilation returns.
 */
const { join } = require("node:path");

const ownTypes = join(__dirname, "..", "node_modules", "@types");
const mapsByText = new Map();
const inlined =
  /\n?\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;

/** The maps from a compiled cell back to its text, the last step first. */
exports.mapsOf = (text) => mapsByText.get(text) ?? [];

exports.compilerWithMaps = (ts) => ({
  ...ts,
  createWatchCompilerHost: (files, options, ...rest) =>
    ts.createWatchCompilerHost(
      files,
      {
        ...options,
        inlineSourceMap: true,
        types: ["node"],
        // For a notebook in a folder without packages of its own.
        typeRoots: [...options.typeRoots, ownTypes],
      },
      ...rest,
    ),
  transpileModule(input, options) {
    const first = inlined.exec(input)?.[1];
    const result = ts.transpileModule(input.replace(inlined, ""), {
      ...options,
      compilerOptions: { ...options.compilerOptions, sourceMap: true },
    });
    const text = result.outputText.replace(
      /\n?\/\/# sourceMappingURL=.*\s*$/,
      "",
    );
    if (first) {
      mapsByText.clear(); // only the newest cell is about to run
      mapsByText.set(text, [
        JSON.parse(result.sourceMapText),
        JSON.parse(Buffer.from(first, "base64").toString("utf8")),
      ]);
    }
    return { ...result, outputText: text };
  },
});
