import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { afterEach, describe, it } from "node:test";
import { currentScreen, kernelPublisher } from "../../lib/display/kernel.ts";

const { cache } = createRequire(import.meta.url);
const key = Symbol.for("pal-lab.kernel");
const kernel = globalThis as { [key]?: unknown };
const bundle = { data: { "text/plain": "hello" } };

/** Puts a module among the loaded ones, as if a program had required it. */
function loaded(file: string, exports: unknown) {
  cache[file] = { exports } as NodeJS.Module;
}

const globalCopy = "/usr/lib/node_modules/tslab/dist/jupyter.js";
const ownCopy = "C:\\project\\node_modules\\tslab\\dist\\jupyter.js";

afterEach(() => {
  delete kernel[key];
  delete cache[globalCopy];
  delete cache[ownCopy];
});

describe("kernelPublisher", () => {
  it("finds no cell outside of a notebook", () => {
    assert.equal(kernelPublisher(), undefined);
    assert.equal(currentScreen().publish, undefined);
  });

  it("publishes by what the kernel's preload offers", () => {
    const seen: unknown[] = [];
    kernel[key] = { display: (...all: unknown[]) => seen.push(all) };
    currentScreen().publish?.(bundle, true);
    assert.deepEqual(seen, [[bundle, true]]);
  });

  it("publishes by the copy of tslab that has a running cell", () => {
    const seen: unknown[] = [];
    loaded(globalCopy, { lastWriteDisplayData: null });
    loaded(ownCopy, {
      lastWriteDisplayData: (...all: unknown[]) => seen.push(all),
    });
    kernelPublisher()?.(bundle, false);
    assert.deepEqual(seen, [
      [{ ...bundle, metadata: {}, transient: {} }, false],
    ]);
  });

  it("finds no cell in a tslab that has not run one", () => {
    loaded(globalCopy, { lastWriteDisplayData: null });
    assert.equal(kernelPublisher(), undefined);
  });

  it("does not write over lines in a cell", () => {
    kernel[key] = { display() {} };
    assert.equal(currentScreen().columns, undefined);
  });
});
