import { type ChildProcess, spawn } from "node:child_process";
import type { ConnectionFile } from "./connection.ts";

/** Which program is the kernel, where it works, and with which settings. */
export interface KernelProgram {
  /** Program and arguments; `{connection_file}` stands for that file's path. */
  readonly command: readonly string[];
  /** The kernel's working folder: the notebook's. */
  readonly folder: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How a kernel ended that nobody asked to end. */
export class KernelDied extends Error {
  readonly exitCode: number | null;
  readonly endedBy: NodeJS.Signals | null;
  /** The last lines that the kernel's process wrote outside of any cell. */
  readonly lastWords: string;

  constructor(
    exitCode: number | null,
    endedBy: NodeJS.Signals | null,
    lastWords: string,
  ) {
    const how = endedBy ? `signal ${endedBy}` : `exit code ${exitCode}`;
    const why = endedBy === "SIGKILL" ? "; perhaps memory ran out" : "";
    super(`the kernel died (${how})${why}`);
    this.name = "KernelDied";
    this.exitCode = exitCode;
    this.endedBy = endedBy;
    this.lastWords = lastWords;
  }
}

/** A kernel's process; what it started ends with it. */
export interface KernelProcess {
  readonly pid: number | undefined;
  /** Settles when the process is gone; never rejects. */
  readonly ended: Promise<KernelDied>;
  /** What it last wrote outside of any cell. */
  lastWords(): string;
  send(signal: NodeJS.Signals): void;
}

const living = new Set<() => void>();

/** Node runs this on any exit but by a signal; nothing may be waited for. */
function endAll(): void {
  for (const end of living) end();
}

const lastWordsLength = 4000;

/** Starts a kernel's process in a group of its own. */
export function startProcess(
  program: KernelProgram,
  file: ConnectionFile,
): KernelProcess {
  const [name, ...args] = program.command.map((part) =>
    part.replace("{connection_file}", file.path),
  );
  const child = spawn(name, args, {
    cwd: program.folder,
    env: {
      ...process.env,
      ...program.env,
      // The kernel ends itself when this process is gone.
      JPY_PARENT_PID: String(process.pid),
    },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: Ctrl-C in a terminal reaches this process alone.
    detached: true,
  });
  let words = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      words = (words + text).slice(-lastWordsLength);
    });
  }
  const ended = untilEnded(child, file, () => words.trim());
  return {
    pid: child.pid,
    ended,
    lastWords: () => words.trim(),
    send: (signal) => signalGroup(child, signal),
  };
}

function untilEnded(
  child: ChildProcess,
  file: ConnectionFile,
  lastWords: () => string,
): Promise<KernelDied> {
  const end = () => {
    signalGroup(child, "SIGKILL");
    file.remove();
  };
  if (living.size === 0) process.on("exit", endAll);
  living.add(end);
  return new Promise((resolve) => {
    const settle = (died: KernelDied) => {
      end(); // what the kernel started
      living.delete(end);
      if (living.size === 0) process.off("exit", endAll);
      resolve(died);
    };
    child.once("close", (code, signal) =>
      settle(new KernelDied(code, signal, lastWords())),
    );
    child.once("error", (error) =>
      settle(new KernelDied(null, null, error.message)),
    );
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  // An interrupt is for the kernel; ending is for all that it started.
  const target = signal === "SIGINT" ? child.pid : -child.pid;
  try {
    process.kill(target, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
