/**
 * How each TensorFlow engine is had: data only.
 *
 * The wheel's `libtensorflow_cc` exports TensorFlow's C API, so the small
 * Node binding that tfjs-node ships as source links against it. Python is
 * needed to download and unpack the wheel; it is never run after that.
 */
export const tensorflowVersion = "2.21.0";

/** Wheel and tag for each platform we have a recipe for. */
const wheels = {
  "linux-x64": {
    cpu: "tensorflow-cpu",
    gpu: "tensorflow",
    tag: "manylinux_2_27_x86_64", // tried
  },
  "linux-arm64": {
    cpu: "tensorflow",
    gpu: undefined,
    tag: "manylinux_2_27_aarch64", // not tried
  },
};

/** What the binding needs of a wheel: two libraries and a few headers. */
export const wheelParts = [
  "tensorflow/libtensorflow_cc.so.2",
  "tensorflow/libtensorflow_framework.so.2",
  "tensorflow/include/tensorflow/c/",
  "tensorflow/include/tensorflow/core/platform/ctstring",
  "tensorflow/include/tsl/platform/ctstring",
  "tensorflow/include/xla/tsl/c/",
  "tensorflow/THIRD_PARTY_NOTICES.txt",
];

/** The recipe of an engine on this platform, or undefined. */
export function recipeFor(engine) {
  const platform = `${process.platform}-${process.arch}`;
  const found = wheels[platform];
  const gpu = engine === "tensorflow-gpu";
  const wheel = gpu ? found?.gpu : found?.cpu;
  if (wheel === undefined) return undefined;
  return {
    engine,
    wheel,
    gpu,
    tag: found.tag,
    npm: gpu ? "@tensorflow/tfjs-node-gpu" : "@tensorflow/tfjs-node",
    gibibytes: gpu ? 14 : 2,
  };
}
