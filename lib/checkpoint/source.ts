import { open, stat } from "node:fs/promises";

/** Bytes that are read by place, so that a large file is never whole in memory. */
export interface Source {
  /** What errors call it: a file's name. */
  readonly name: string;
  readonly size: number; // bytes
  /** Fills `target` with the bytes from `at` on. */
  read(target: Uint8Array, at: number): Promise<void>;
  close(): Promise<void>;
}

/** A file, open until `close`. */
export async function fileSource(path: string): Promise<Source> {
  const fail = (cause: Error) => {
    throw new Error(`fileSource: cannot open ${path}: ${cause.message}`, {
      cause,
    });
  };
  // Opening a pipe would wait for someone to write into it.
  const found = await stat(path).catch(fail);
  if (!found.isFile()) {
    throw new Error(`fileSource: expected a file, got something else: ${path}`);
  }
  const file = await open(path, "r").catch(fail);
  const { size } = await file.stat();
  return {
    name: path,
    size,
    close: () => file.close(),
    read: async (target, at) => {
      checkRange({ name: path, size }, at, target.length);
      let done = 0;
      while (done < target.length) {
        const { bytesRead } = await file.read(target, {
          offset: done,
          length: Math.min(target.length - done, 2 ** 30),
          position: at + done,
        });
        if (bytesRead === 0) {
          throw new Error(
            `read: expected ${target.length} bytes at ${at}, got ${done}; ` +
              `${path} has become shorter`,
          );
        }
        done += bytesRead;
      }
    },
  };
}

/** Bytes that are already in memory. */
export function memorySource(bytes: Uint8Array, name = "memory"): Source {
  return {
    name,
    size: bytes.length,
    close: async () => {},
    read: async (target, at) => {
      checkRange({ name, size: bytes.length }, at, target.length);
      target.set(bytes.subarray(at, at + target.length));
    },
  };
}

/** `length` bytes from `at` on, in memory of their own. */
export async function readBytes(
  source: Source,
  at: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  checkRange(source, at, length);
  const bytes = new Uint8Array(length);
  await source.read(bytes, at);
  return bytes;
}

/** Before anything is allocated: a hostile length costs nothing. */
function checkRange(
  { name, size }: Pick<Source, "name" | "size">,
  at: number,
  length: number,
): void {
  if (at >= 0 && length >= 0 && at + length <= size) return;
  throw new RangeError(
    `read: expected a part of the ${size} bytes of ${name}, ` +
      `got ${length} bytes from ${at} on; the file may be cut short`,
  );
}
