"use strict";
/** What the kernel's process offers to the library, and when it ends. */
const { rmSync } = require("node:fs");
const { basename, dirname } = require("node:path");

/**
 * Lets the library show things, under `Symbol.for("pal-lab.kernel")`.
 *
 * `display({ data, metadata, transient }, update)`: several forms of one thing
 * in one message; `update` changes what was shown under
 * `transient.display_id`.
 */
exports.publishApi = (jupyter) => {
  function display(bundle, update = false) {
    if (jupyter.lastWriteDisplayData === null) {
      throw new Error("display: expected a running cell, got none");
    }
    const { data, metadata = {}, transient = {} } = bundle;
    jupyter.lastWriteDisplayData({ data, metadata, transient }, update);
  }
  globalThis[Symbol.for("pal-lab.kernel")] = Object.freeze({ display });
  return jupyter;
};

/** The folder that our runner makes for a connection file. */
const ownFolder = /^pal-lab-kernel-/;

/** Removes what only the program that is gone would have removed. */
function removeConnectionFile() {
  const file = process.argv[process.argv.indexOf("--config-path") + 1];
  const folder = dirname(file);
  if (ownFolder.test(basename(folder))) {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ends the kernel when the program that started it is gone. */
exports.endWithParent = () => {
  if (process.env.JPY_PARENT_PID === undefined) return;
  const parent = process.ppid;
  const look = () => {
    if (process.ppid === parent) return;
    removeConnectionFile();
    process.exit(1);
  };
  setInterval(look, 1000).unref();
};
