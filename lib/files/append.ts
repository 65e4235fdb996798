import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

/** A file that grows at its end. */
export interface Appender {
  write(content: string | Uint8Array): void;
  /** Returns when all that was written is on the disk. */
  flush(): void;
  close(): void;
}

/**
 * Opens a file to append to, made if it is not there.
 *
 * What was written survives the end of the process, and after `flush` a loss of
 * power; a write that a kill cuts short leaves a part at the file's end.
 */
export function openAppender(path: string): Appender {
  const file = openSync(path, "a");
  return {
    write(content) {
      const bytes = Buffer.from(content);
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(file, bytes, done);
      }
    },
    flush: () => fsyncSync(file),
    close: () => closeSync(file),
  };
}
