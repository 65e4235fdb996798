import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { plainNumerics } from "./numerics.ts";
import type { Started } from "./started.ts";
import { prepareTraining } from "./wasm-training.ts";

/**
 * WebAssembly on one thread: works everywhere.
 *
 * tfjs's threaded build needs web workers and does not start in Node.
 */
export async function startWasm(): Promise<Started> {
  const name = "@tensorflow/tfjs-backend-wasm";
  const { setWasmPaths, version_wasm } = await import(
    "@tensorflow/tfjs-backend-wasm"
  );
  const require = createRequire(import.meta.url);
  setWasmPaths(dirname(require.resolve(name)) + sep);
  const isStarted = await keepingListeners(() => tf.setBackend("wasm"));
  if (!isStarted || tf.getBackend() !== "wasm") {
    throw new Error(
      "expected the WebAssembly files of the package to load, got a failure; " +
        "run `npm run setup`",
    );
  }
  prepareTraining();
  const hasSimd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  const simd = hasSimd ? "SIMD" : "no SIMD";
  return {
    description: `tfjs wasm ${version_wasm}, ${simd}, 1 thread`,
    numerics: plainNumerics(1),
  };
}

/**
 * Takes back the process-wide error handlers that Emscripten's start code adds:
 * they would change how Node reports errors that have nothing to do with it.
 */
async function keepingListeners<T>(start: () => Promise<T>): Promise<T> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => process.listeners(event as "exit"));
  const result = await start();
  for (const [i, event] of events.entries()) {
    for (const listener of process.listeners(event as "exit")) {
      if (!before[i].includes(listener)) process.off(event, listener);
    }
  }
  return result;
}
