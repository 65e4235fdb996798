"use strict";
/**
 * Repairs the tslab kernel; loaded before it by `node --require`.
 *
 * tslab 1.0.22 sends no error messages, loses the cell's lines and misreads
 * some syntax. The repairs reach into its private parts, so the version is
 * checked. Three of its modules are changed on their way in: `jupyter` (the
 * protocol), `executor` (running a cell) and the compiler (source maps).
 */
const Module = require("node:module");
const { cells } = require("./cure/cells.cjs");
const { compilerWithMaps } = require("./cure/compiler.cjs");
const { repairExecutor, vmWithCellNames } = require("./cure/executor.cjs");
const { endWithParent, publishApi } = require("./cure/process.cjs");
const { zeromqWithQueue } = require("./cure/publisher.cjs");
const { repairServer } = require("./cure/server.cjs");

const pinned = "1.0.22";

/** For a file in tslab's dist folder: what it asks for, and the repair. */
const repairs = {
  main: {
    "./jupyter": (...jupyter) => publishApi(repairServer(...jupyter)),
    "./executor": repairExecutor,
  },
  executor: { vm: vmWithCellNames },
  converter: { "@tslab/typescript-for-tslab": compilerWithMaps },
  jupyter: { zeromq: zeromqWithQueue },
};

function checkVersion(mainFile) {
  const { version } = Module.createRequire(mainFile)("../package.json");
  if (version === pinned) return;
  process.stderr.write(
    `pal-lab kernel: expected tslab ${pinned}, got ${version} ` +
      `(${mainFile}); run npm ci in notebooks/kernel, and keep other copies ` +
      "of tslab out of the notebook's folder and the folders above\n",
  );
  process.exit(1);
}

const loadModule = Module._load;
const repaired = new Map();

Module._load = function load(request, parent, isMain) {
  const loaded = loadModule.call(this, request, parent, isMain);
  const file = /[\\/]tslab[\\/]dist[\\/](\w+)\.js$/.exec(
    parent?.filename ?? "",
  )?.[1];
  const repair = repairs[file]?.[request];
  if (repair === undefined) return loaded;
  if (!repaired.has(loaded)) {
    if (file === "main") checkVersion(parent.filename);
    repaired.set(loaded, repair(loaded, parent.filename));
  }
  return repaired.get(loaded);
};

cells.mapStacks();
endWithParent();
