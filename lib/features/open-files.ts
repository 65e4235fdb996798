import { type FileHandle, open } from "node:fs/promises";

interface Held {
  readonly file: Promise<FileHandle>;
  users: number;
}

/**
 * Files that stay open for the next read, up to a number of them.
 *
 * One whose reading failed is opened anew the next time.
 */
export class OpenFiles {
  readonly #most: number;
  readonly #held = new Map<string, Held>();

  constructor(most = 64) {
    this.#most = most;
  }

  /** Does `work` with a file that is open for reading. */
  async use<T>(
    path: string,
    work: (file: FileHandle) => Promise<T>,
  ): Promise<T> {
    const held = this.#held.get(path) ?? { file: open(path), users: 0 };
    this.#held.delete(path);
    this.#held.set(path, held); // the latest used comes last
    held.users++;
    try {
      return await work(await held.file);
    } catch (error) {
      if (this.#held.get(path) === held) this.#held.delete(path);
      throw error;
    } finally {
      held.users--;
      if (this.#held.get(path) !== held) await end(held);
      await this.#closeOldest();
    }
  }

  /** Closes the files that are not in use. */
  async close(): Promise<void> {
    await this.#closeOldest(0);
  }

  async #closeOldest(most = this.#most): Promise<void> {
    for (const [path, held] of this.#held) {
      if (this.#held.size <= most) return;
      if (held.users > 0) continue;
      this.#held.delete(path);
      await end(held);
    }
  }
}

/** Closes a file after its last user; one that never opened needs nothing. */
async function end({ file, users }: Held): Promise<void> {
  if (users > 0) return;
  const opened = await file.catch(() => undefined);
  await opened?.close();
}
