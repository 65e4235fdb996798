import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { Bundle, Screen } from "../../lib/display/kernel.ts";

/** A terminal or a file that keeps what is written to it. */
export function textScreen(columns?: number) {
  const written: string[] = [];
  const screen: Screen = {
    write: (text) => void written.push(text),
    ...(columns && { columns }),
  };
  return { screen, written };
}

/** A cell that keeps what is published under it. */
export function cellScreen() {
  const published: { bundle: Bundle; update: boolean }[] = [];
  const screen: Screen = {
    write: (text) => {
      throw new Error(`expected a bundle, got text: ${text}`);
    },
    publish: (bundle, update) => void published.push({ bundle, update }),
  };
  return { screen, published };
}

/** A folder that is gone after the tests of a file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pal-lab-display-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
