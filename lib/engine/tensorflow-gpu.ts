import { existsSync, readdirSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import { nativeBackend } from "./graph/binding.ts";
import { runOnDevice } from "./graph/run-on-device.ts";
import { tensorflowNumerics } from "./numerics.ts";
import type { Started } from "./started.ts";
import { loadTfjsNode } from "./tensorflow.ts";

/** TensorFlow on an NVIDIA GPU, proved by a product that ran there. */
export async function startTensorflowGpu(): Promise<Started> {
  // Looked for first: the library without a device prints errors of its own.
  if (!hasNvidiaDevice("/dev")) {
    throw new Error("expected an NVIDIA GPU, got none; see `npm run doctor`");
  }
  // Without this TensorFlow takes all memory of the GPU at once.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  loadTfjsNode("@tensorflow/tfjs-node-gpu");
  await tf.setBackend("tensorflow");
  const backend = nativeBackend();
  if (!backend?.binding.isUsingGpuDevice()) {
    throw new Error(
      "expected TensorFlow to find the GPU, got its CPU only; check the " +
        "driver with nvidia-smi, then run `npm run setup`",
    );
  }
  runOnDevice(backend, "/device:GPU:0");
  return {
    description: `TensorFlow ${backend.binding.TF_Version}, GPU 0`,
    numerics: tensorflowNumerics(process.env),
  };
}

/** Whether the system has a device file of an NVIDIA GPU (or WSL's). */
export function hasNvidiaDevice(folder: string): boolean {
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some((file) => /^(nvidia\d+|dxg)$/.test(file));
}
