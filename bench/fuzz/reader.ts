import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Place } from "./inputs.ts";
import type { Judged } from "./outcome.ts";

export interface Limits {
  /** Milliseconds for one input. */
  readonly patience: number;
  /** Resident MiB of the whole process, where the system tells (Linux). */
  readonly memory: number;
}

export const usualLimits: Limits = { patience: 15_000, memory: 1024 };

/** How an input ended, and what it took. */
export interface Ended extends Judged {
  readonly milliseconds: number;
}

/** A process that reads inputs, started anew after each that broke it. */
export interface Reader {
  read(place: Place): Promise<Ended>;
  close(): void;
}

/**
 * @param kinds - the file that exports the `kinds`
 */
export function openReader(kinds: string, limits = usualLimits): Reader {
  let child: Running | undefined;
  return {
    read: async (place) => {
      child ??= await start(kinds, limits);
      const ended = await child.read(place);
      if (child.isOver()) child = undefined;
      return ended;
    },
    close: () => child?.stop(),
  };
}

interface Running {
  read(place: Place): Promise<Ended>;
  isOver(): boolean;
  stop(): void;
}

async function start(kinds: string, limits: Limits): Promise<Running> {
  const child = fork(join(import.meta.dirname, "child.ts"), [kinds], {
    execArgv: ["--import", "tsx", `--max-old-space-size=${limits.memory}`],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2000);
  });
  const first = await eventOf(child, { ...limits, patience: 120_000 });
  if (!("message" in first)) {
    child.kill("SIGKILL");
    throw new Error(
      `fuzz: expected a reader of ${kinds}, got ${first.detail}: ${said}`,
    );
  }
  let isOver = false;
  const stop = () => {
    isOver = true;
    child.kill("SIGKILL");
  };
  const read = async (place: Place): Promise<Ended> => {
    said = "";
    const begun = performance.now();
    const next = eventOf(child, limits);
    child.send(place);
    const event = await next;
    const milliseconds = performance.now() - begun;
    if ("message" in event) {
      return { ...(event.message as Judged), milliseconds };
    }
    stop();
    const words = /^.*Error: .*$/m.exec(said)?.[0] ?? said.trim().slice(-300);
    const detail = `${event.detail}${words ? `: ${words}` : ""}`;
    return { outcome: event.outcome, detail, milliseconds };
  };
  return { read, isOver: () => isOver, stop };
}

type Event = { readonly message: unknown } | Required<Judged>;

/** The child's next message, or why none comes. */
function eventOf(child: ChildProcess, limits: Limits): Promise<Event> {
  const { memory, patience } = limits;
  return new Promise((resolve) => {
    const end = (event: Event) => {
      clearTimeout(silence);
      clearInterval(watch);
      child.off("message", onMessage).off("close", onClose);
      resolve(event);
    };
    const onMessage = (message: unknown) => end({ message });
    const onClose = (code: number | null, signal: string | null) =>
      end({ outcome: "CRASH", detail: `ended by ${signal ?? `exit ${code}`}` });
    const silence = setTimeout(
      () => end({ outcome: "HANG", detail: `no answer in ${patience} ms` }),
      patience,
    );
    const watch = setInterval(() => {
      const mebibytes = residentOf(child.pid!);
      if (mebibytes <= memory) return;
      const detail = `took ${mebibytes.toFixed(0)} MiB of ${memory}`;
      end({ outcome: "CRASH", detail });
    }, 50);
    child.on("message", onMessage).on("close", onClose);
  });
}

/** Resident MiB of a process; 0 where the system does not tell. */
function residentOf(pid: number): number {
  let status = "";
  try {
    status = readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return 0; // no such system, or it has just ended, which is told elsewhere
  }
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}
