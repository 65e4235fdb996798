/** A copy that any thread may read: handing it on copies nothing. */
export function inSharedMemory(values: Float32Array): Float32Array {
  const shared = new SharedArrayBuffer(values.byteLength);
  const copy = new Float32Array(shared);
  copy.set(values);
  return copy;
}
