import { createRequire } from "node:module";
import { isatty } from "node:tty";

/** One thing in several forms, of which a notebook shows the best it can. */
export interface Bundle {
  /** By media type; JSON types as objects, pictures as base64 text. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** `display_id` names what a later bundle may take the place of. */
  readonly transient?: { readonly display_id?: string };
}

/** Shows a bundle under the running cell; `update` replaces an earlier one. */
export type Publish = (bundle: Bundle, update: boolean) => void;

/** Where output goes: a notebook's cell, a terminal, or a file. */
export interface Screen {
  /** Present in a cell only. */
  readonly publish?: Publish;
  /** Writes text as it is. */
  readonly write: (text: string) => void;
  /** Letters in a line that can be written over; absent where none can. */
  readonly columns?: number;
}

/** The screen of this moment. */
export function currentScreen(): Screen {
  const publish = kernelPublisher();
  return {
    write: (text) => void process.stdout.write(text),
    ...(publish ? { publish } : isatty(1) && { columns: terminalColumns() }),
  };
}

function terminalColumns(): number {
  return process.stdout.columns || 80;
}

/** What the kernel's preload offers under `Symbol.for("pal-lab.kernel")`. */
interface PreloadedKernel {
  display(bundle: Bundle, update: boolean): void;
}

/** The part of tslab's own module that shows bundles. */
interface TslabModule {
  readonly lastWriteDisplayData:
    | ((bundle: Required<Bundle>, update: boolean) => void)
    | null;
}

/** How to publish under the running cell, or undefined outside of tslab. */
export function kernelPublisher(): Publish | undefined {
  const key = Symbol.for("pal-lab.kernel");
  const preloaded = (globalThis as { [key]?: PreloadedKernel })[key];
  if (preloaded) return (bundle, update) => preloaded.display(bundle, update);

  const tslab = runningTslab();
  if (tslab === undefined) return undefined;
  return (bundle, update) =>
    tslab.lastWriteDisplayData?.(
      { metadata: {}, transient: {}, ...bundle },
      update,
    );
}

/**
 * The copy of tslab that runs cells, found among the loaded modules.
 *
 * A global tslab hands over to a project's own: only one has a cell.
 */
function runningTslab(): TslabModule | undefined {
  const { cache } = createRequire(import.meta.url);
  for (const [file, module] of Object.entries(cache)) {
    if (!/[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(file)) continue;
    const tslab: TslabModule | undefined = module?.exports;
    if (tslab?.lastWriteDisplayData) return tslab;
  }
  return undefined;
}
