/**
 * What the engines say when they can not have memory; none has a kind of error
 * of its own for it.
 */
const words: readonly RegExp[] = [
  // TensorFlow, on a CPU and a GPU alike.
  /OOM when allocating|RESOURCE_EXHAUSTED/,
  // WebAssembly built without assertions: its allocator gave nothing.
  /^Aborted\(/,
  // WebGPU.
  /out of memory/i,
  // JavaScript itself.
  /Array buffer allocation failed/,
];

/**
 * Why an engine failed for want of memory, in its own words; undefined for an
 * error of another kind.
 */
export function outOfMemory(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { message } = at;
    if (words.some((pattern) => pattern.test(message))) return message;
  }
  return undefined;
}
