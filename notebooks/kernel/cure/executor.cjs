"use strict";
/** Runs a cell: repaired, under its own name, its failure kept as it came. */
const Module = require("node:module");
const { cells } = require("./cells.cjs");
const { mapsOf } = require("./compiler.cjs");
const { keepDeclarations, withoutClearing } = require("./declarations.cjs");
const { repair } = require("./repair.cjs");

/** How long a cell that listens for an interrupt may take to stop, in ms. */
const timeToStop = 5000;

/** What the running cell failed with; see `failure.cjs` for the kinds. */
let failure;
exports.takeFailure = () => {
  const taken = failure;
  failure = undefined;
  return taken;
};

/** tslab reports to a console: diagnostics by format, what was thrown alone. */
function keepFailure(format, file, line, column, text) {
  if (format !== "%s%d:%d - %s") {
    failure = { thrown: format };
    return;
  }
  failure ??= { diagnostics: [] };
  failure.diagnostics?.push({ file: file.trim(), line, column, text });
}

exports.repairExecutor = (executorModule, mainFile) => {
  const ts = Module.createRequire(mainFile)("@tslab/typescript-for-tslab");
  return {
    ...executorModule,
    createExecutor(rootDir, converters, { log }) {
      const kept = keepDeclarations(ts, converters);
      const executor = executorModule.createExecutor(rootDir, kept.converters, {
        log,
        error: keepFailure,
      });
      const cellsOwn = globalThis.__tslab__;
      cellsOwn.exports = kept.watch(cellsOwn.exports);
      return { ...executor, ...running(executor, ts, kept) };
    },
  };
};

function running(executor, ts, { ended }) {
  let busy = false;
  let lastResort;
  let interrupted = false;

  async function execute(source) {
    const cell = cells.running ?? cells.begin(0, source);
    Object.assign(cell, repairedOrAsIs(ts, source));
    failure = undefined;
    interrupted = false;
    busy = true;
    try {
      const fine = await executor.execute(cell.repaired);
      ended(fine);
      if (!fine && interrupted) failure = { interrupted };
      // An in-memory module is kept in spite of its complaints: show them.
      if (fine && failure?.diagnostics) console.error(complaints(failure));
      return fine;
    } catch (error) {
      failure = { thrown: error };
      ended(false);
      return false;
    } finally {
      busy = false;
      clearTimeout(lastResort);
      lastResort = undefined;
    }
  }

  function force() {
    interrupted = busy;
    executor.interrupt();
  }

  /** Code that listens is asked once; then, or if it does not end, stopped. */
  function interrupt() {
    const listens = process.listenerCount("SIGINT") > 1; // besides tslab
    if (busy && listens && lastResort === undefined) {
      lastResort = setTimeout(force, timeToStop);
    } else {
      force();
    }
  }

  return { execute, interrupt };
}

function complaints({ diagnostics }) {
  return diagnostics
    .map(
      ({ file, line, column, text }) => `${file} ${line}:${column} - ${text}`,
    )
    .join("\n");
}

function repairedOrAsIs(ts, source) {
  try {
    const { text, insertions } = repair(ts, source);
    return { repaired: text, insertions };
  } catch {
    // What cannot be parsed is left to the compiler's own complaint.
    return { repaired: source, insertions: [] };
  }
}

/** Gives a cell's code the cell's name, which its stack frames then carry. */
exports.vmWithCellNames = (vm) => ({
  ...vm,
  runInThisContext(code, options) {
    const cell = cells.running;
    if (cell === undefined || !options?.breakOnSigint) {
      return vm.runInThisContext(code, options);
    }
    const [prefix] = /^\((?:async )?function\(exports, require\) \{ /.exec(
      code,
    );
    const end = code.lastIndexOf("\n})(__tslab__.exports");
    const compiled = code.slice(prefix.length, end);
    cells.keepCompiled(compiled, mapsOf(compiled));
    kernelsOwn ??= process.rawListeners("SIGINT")[0];
    const kept = prefix + withoutClearing(compiled) + code.slice(end);
    try {
      return vm.runInThisContext(kept, {
        ...options,
        filename: cell.name,
        columnOffset: -prefix.length,
        displayErrors: false, // it would put the compiled line into the stack
      });
    } finally {
      listenAgain();
    }
  },
});

/** tslab's own listener: the one there before any cell ran. */
let kernelsOwn;

/**
 * Puts Node's own handler of SIGINT back in place, tslab's listener first.
 *
 * Code that may be interrupted runs under a handler that ends the process when
 * it is taken away; a listener that a cell adds meanwhile would be without.
 * First, so that `interrupt` sees who else listens, `once` or always.
 */
function listenAgain() {
  const listeners = process.rawListeners("SIGINT");
  process.removeAllListeners("SIGINT");
  const others = listeners.filter((listener) => listener !== kernelsOwn);
  for (const listener of [kernelsOwn, ...others]) {
    process.on("SIGINT", listener);
  }
}
