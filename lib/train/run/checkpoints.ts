import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import type { Tensors } from "../../tensor/params.ts";
import type { AdamwConfig } from "../adamw.ts";
import { openTrainState, saveTrainState, type TrainState } from "../state.ts";
import { checkIdentity, type Identity } from "./identity.ts";

/** The last two states of a stage, each a file named by step and sha256. */
export interface Checkpoints<P extends Tensors> {
  /** Writes a state, whole or not at all, and lets older ones go. */
  save(state: Omit<TrainState<P>, "settings">): string;
  /**
   * The newest whole state, its tensors the caller's; none at the start.
   *
   * A damaged file is told, set aside, and the one before it taken.
   *
   * @param like - parameters of the same form
   * @throws RangeError for a state of another run, whose tensors are not those
   * of `like`, or whose numbers are none; Error where all are damaged
   */
  latest(like: P): Promise<TrainState<P> | undefined>;
}

export interface CheckpointOptions extends Pick<AdamwConfig, "groups"> {
  readonly identity: Identity;
  /** Takes lines such as that a file is damaged. */
  readonly report: (line: string) => void;
}

const nKept = 2;
const pattern = /^step-(\d{9})-([0-9a-f]{64})\.safetensors$/;

/** A stage's checkpoints in a folder, which is made. */
export function openCheckpoints<P extends Tensors>(
  folder: string,
  { groups, identity, report }: CheckpointOptions,
): Checkpoints<P> {
  mkdirSync(folder, { recursive: true });
  sweep(folder, report);
  const settings = { ...identity };
  return {
    save: (state) => {
      const step = String(state.progress.step).padStart(9, "0");
      const pathOf = (sha256: string) =>
        join(folder, `step-${step}-${sha256}.safetensors`);
      const path = saveTrainState(pathOf, { ...state, settings }, { groups });
      for (const { name } of savedIn(folder).slice(nKept)) {
        rmSync(join(folder, name));
      }
      return path;
    },
    latest: async (like) => {
      for (const { name, sha256 } of savedIn(folder)) {
        const path = join(folder, name);
        if (!(await isWhole(path, sha256))) {
          setAside(path, report);
          continue;
        }
        const state = await opened(path, like, groups);
        checkIdentity(identity, state.settings, path);
        return state;
      }
      const damaged = readdirSync(folder).filter((name) => isDamaged(name));
      if (damaged.length === 0) return undefined;
      throw new Error(
        `train: expected a whole checkpoint in ${folder}, got only damaged ` +
          `ones: ${damaged.join(", ")}; put a copy back, or remove them to ` +
          "begin the stage anew",
      );
    },
  };
}

/** A state that is whole, and must be one of this form too. */
async function opened<P extends Tensors>(
  path: string,
  like: P,
  groups: AdamwConfig["groups"],
): Promise<TrainState<P>> {
  try {
    return await openTrainState(path, like, { groups });
  } catch (cause) {
    throw new RangeError(
      `train: expected a checkpoint to go on from, got ${path}, of which: ` +
        `${(cause as Error).message}\nMove it away, and the one before it is ` +
        "used.",
      { cause },
    );
  }
}

const isDamaged = (name: string) => name.endsWith(".damaged");

/** Steps of the newest checkpoint in a folder; 0 where there is none. */
export function stepsSavedIn(folder: string): number {
  if (!existsSync(folder)) return 0;
  const [newest] = savedIn(folder);
  return newest ? Number(pattern.exec(newest.name)![1]) : 0;
}

/** Newest first. */
function savedIn(folder: string): { name: string; sha256: string }[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const [, , sha256] = pattern.exec(name) ?? [];
      return sha256 ? [{ name, sha256 }] : [];
    })
    .sort((a, b) => (a.name < b.name ? 1 : -1));
}

/** Whether a file's bytes have this sha256. */
export async function isWhole(path: string, sha256: string): Promise<boolean> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex") === sha256;
}

function setAside(path: string, report: (line: string) => void): void {
  renameSync(path, `${path}.damaged`);
  report(
    `train: ${path} is damaged: its bytes are not those of its sha256; ` +
      "set aside as .damaged, the one before it is used",
  );
}

/** Removes what a process left half written when it was killed. */
function sweep(folder: string, report: (line: string) => void): void {
  for (const name of readdirSync(folder)) {
    if (!/\.\d+\.tmp$/.test(name)) continue;
    rmSync(join(folder, name));
    report(`train: removed ${name}, which was never finished (${folder})`);
  }
}
