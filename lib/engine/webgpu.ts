import { existsSync, readdirSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import { plainNumerics } from "./numerics.ts";
import type { Started, StartOptions } from "./started.ts";

/** What WebGPU tells about the device. */
interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

/** Where Linux keeps its list of Vulkan drivers. */
const driverFolders = [
  "/usr/share/vulkan/icd.d",
  "/usr/local/share/vulkan/icd.d",
  "/etc/vulkan/icd.d",
];

/**
 * A GPU through WebGPU (Dawn).
 *
 * A software device is accepted only where the user asked for it by name.
 */
export async function startWebgpu({ isNamed }: StartOptions): Promise<Started> {
  if (!isNamed && !hasDriver())
    throw new Error("no Vulkan driver is installed");
  const info = await provideWebgpu();
  if (isSoftware(info) && !isNamed) {
    throw new Error(`only a software device (${info.description})`);
  }
  await import("@tensorflow/tfjs-backend-webgpu");
  if (!(await tf.setBackend("webgpu")) || tf.getBackend() !== "webgpu") {
    throw new Error("expected a device from the adapter, got a failure");
  }
  const kind = isSoftware(info) ? "software device, slow" : "GPU";
  const { architecture, description, vendor } = info;
  const device = description || `${vendor} ${architecture}`;
  return {
    description: `tfjs webgpu ${tf.version.tfjs}, ${kind}: ${device}`,
    numerics: plainNumerics(1),
  };
}

/** Whether the adapter computes on the CPU, such as SwiftShader or llvmpipe. */
export function isSoftware(info: AdapterInfo): boolean {
  if (info.isFallbackAdapter) return true;
  const text = `${info.vendor} ${info.architecture} ${info.description}`;
  return /swiftshader|llvmpipe|lavapipe|basic render/i.test(text);
}

/** Puts Dawn where tfjs looks for a browser's WebGPU. */
async function provideWebgpu(): Promise<AdapterInfo> {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  // Node 20 has no navigator; later ones have one without `gpu`.
  const gpu = create([]);
  const navigator = (globalThis as { navigator?: object }).navigator;
  if (navigator) {
    Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
  } else {
    const value = { gpu };
    Object.defineProperty(globalThis, "navigator", {
      value,
      configurable: true,
    });
  }
  const adapter = await gpu.requestAdapter({
    powerPreference: "high-performance",
  });
  if (adapter) return (adapter as unknown as { info: AdapterInfo }).info;
  throw new Error(
    "expected a WebGPU adapter, got none; install a Vulkan driver for your " +
      "GPU, then run `npm run doctor`",
  );
}

/** False where Dawn would find nothing and say so on its own. */
function hasDriver(): boolean {
  if (process.platform !== "linux") return true;
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env;
  if (VK_DRIVER_FILES || VK_ICD_FILENAMES) return true;
  return driverFolders.some(
    (folder) => existsSync(folder) && readdirSync(folder).length > 0,
  );
}
