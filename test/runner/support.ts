import { join } from "node:path";
import type {
  CodeCell,
  Notebook,
  Output,
} from "../../notebooks/runner/format.ts";
import { joined } from "../../notebooks/runner/format.ts";
import type { Kernel, KernelOptions } from "../../notebooks/runner/kernel.ts";
import { kernelspec, languageInfo } from "../../notebooks/runner/lint.ts";
import { outputCollector } from "../../notebooks/runner/outputs.ts";
import { tslabCommand } from "../../notebooks/runner/tslab.ts";

export const root = join(import.meta.dirname, "..", "..");
export const fixtures = join(root, "test", "fixtures", "notebooks");

/** The real kernel, at work in the fixtures' folder. */
export const kernelOptions: KernelOptions = {
  command: tslabCommand(join(root, "notebooks", "kernel")),
  folder: fixtures,
};

/** A notebook of these code cells; tags by the cell's index. */
export function notebookOf(
  sources: readonly string[],
  tags: Readonly<Record<number, readonly string[]>> = {},
): Notebook {
  const cells = sources.map(
    (source, i): CodeCell => ({
      cell_type: "code",
      id: `cell-${i}`,
      metadata: tags[i] ? { tags: [...tags[i]] } : {},
      source,
      execution_count: null,
      outputs: [],
    }),
  );
  const metadata = { kernelspec, language_info: languageInfo };
  return { cells, metadata, nbformat: 4, nbformat_minor: 5 };
}

/** A notebook of these texts. */
export function textsOf(...sources: readonly string[]): Notebook {
  const notebook = notebookOf(sources);
  const cells = sources.map((source, i) => ({
    cell_type: "markdown" as const,
    id: `cell-${i}`,
    metadata: {},
    source,
  }));
  return { ...notebook, cells };
}

export interface Ran {
  readonly status: unknown;
  readonly outputs: readonly Output[];
}

/** Runs code in a kernel and collects what came out. */
export async function runCode(kernel: Kernel, code: string): Promise<Ran> {
  const outputs: Output[] = [];
  const collector = outputCollector();
  const reply = await kernel.execute(code, (message) =>
    collector.add(outputs, message),
  );
  return { status: reply.status, outputs };
}

export function stdoutOf(outputs: readonly Output[]): string {
  return outputs
    .map((output) =>
      output.output_type === "stream" && output.name === "stdout"
        ? joined(output.text)
        : "",
    )
    .join("");
}

/** Whether a process is alive. */
export function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return true;
  } catch {
    return false;
  }
}
