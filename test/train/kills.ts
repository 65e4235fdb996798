import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A child that waits before it opens its folder. */
interface Waiting {
  readonly process: ChildProcess;
  readonly ready: Promise<void>;
  /** When it tells of its third step: both lengths have been met by then. */
  readonly stepped: Promise<void>;
  readonly said: () => string;
}

/** More than the kills leave time for. */
export const steps = 160;

function start(folder: string, nWorkers: number): Waiting {
  const script = join(import.meta.dirname, "run-child.ts");
  const args = ["--import", "tsx", script, folder, `${steps}`, `${nWorkers}`];
  const child = spawn(process.execPath, args, {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout!.on("data", (data) => {
      text += data;
      if (text.includes("ready\n")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`child: exit ${code}`)));
  });
  ready.catch(() => {}); // heard where it is awaited
  const stepped = new Promise<void>((resolve) => {
    child.stdout!.on("data", () => {
      if ((text.match(/^step \d+$/gm) ?? []).length >= 3) resolve();
    });
  });
  return { process: child, ready, stepped, said: () => text };
}

/** What a run says that is left alone: the weights' sha256 comes last. */
async function finish({ process, ready, said }: Waiting): Promise<string> {
  await ready;
  const exit = new Promise((resolve) => process.once("exit", resolve));
  process.stdin!.end("go\n");
  const code = await exit;
  if (code !== 0) throw new Error(`child: exit ${code}: ${said()}`);
  return said();
}

/** The weights of a run that nobody disturbs, as a sha256. */
export async function undisturbed(folder: string): Promise<string> {
  return hashIn(await finish(start(folder, 0)));
}

/**
 * The weights of a run that is killed `n` times, and what its processes said.
 *
 * Each is killed after a moment that `moment` draws, in milliseconds: three of
 * four from the third step that it tells, so that a busy machine gets on too,
 * and one from its start.
 *
 * The next process starts while the one before it runs. No, one and two threads
 * make their batches, in turn.
 */
export async function killed(
  folder: string,
  { moment, n }: { readonly n: number; readonly moment: () => number },
): Promise<{ readonly sha256: string; readonly said: readonly string[] }> {
  const said: string[] = [];
  let next = start(folder, 0);
  for (let i = 0; i < n; i++) {
    const now = next;
    await now.ready;
    next = start(folder, (i + 1) % 3);
    await next.ready;
    now.process.stdin!.write("go\n");
    const exit = new Promise((resolve) => now.process.once("exit", resolve));
    if (i % 4 > 0) await Promise.race([now.stepped, exit]);
    await sleep(moment());
    now.process.kill("SIGKILL");
    await exit;
    said.push(now.said());
  }
  said.push(await finish(next));
  return { sha256: hashIn(said.at(-1)!), said };
}

function hashIn(text: string): string {
  const [, sha256] = /done ([0-9a-f]{64})/.exec(text) ?? [];
  if (sha256) return sha256;
  throw new Error(`child: expected its weights' sha256, got ${text}`);
}
