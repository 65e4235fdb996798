/**
 * `npm run bench -- wait [rounds]`: how long a training step waits for its
 * batches in the toy world at lab scale, with features in memory and with an
 * encoder on the fly, and how much filling rows of one length save.
 *
 * Each measurement has a process of its own; rounds (default 3) go through all
 * ways in turn. Takes some minutes a round.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toyEncoder } from "../lib/encoder/toy.ts";
import { findRoot } from "../lib/session/folders.ts";
import {
  openSoundfonts,
  readSoundfontManifest,
} from "../lib/world/soundfonts.ts";
import { renderToFiles } from "../lib/world/toy/clip-files.ts";
import { clipOptions, planClips } from "../lib/world/toy/clips.ts";
import { soundfontSplit } from "../lib/world/toy/comparison.ts";
import { encodeClips } from "../lib/world/toy/encode-clips.ts";
import { openToyStage } from "../lib/world/toy/ingredients.ts";
import { scales } from "../lib/world/toy/scales.ts";
import { load, machine } from "./engine/report.ts";
import { stage, toyStageOf } from "./wait/ingredients.ts";
import { paddings } from "./wait/padding.ts";
import { keep, paddingTable, rowOf, waitTable } from "./wait/report.ts";
import {
  type Measurement,
  type Question,
  stepsOf,
  type Way,
  type World,
  ways,
} from "./wait/ways.ts";

/** Renders and encodes the lab's clips; those that are heard also as files. */
async function makeWorld(folder: string): Promise<string> {
  const manifest = join(
    findRoot(import.meta.dirname),
    "data-manifests",
    "soundfonts.json",
  );
  const soundfonts = openSoundfonts(readSoundfontManifest(manifest));
  const plans = soundfontSplit.trained.flatMap((name) =>
    planClips("train", name, { count: scales.full.clips.train, seed: 1 }),
  );
  const encoded = await encodeClips(plans, {
    encoder: toyEncoder(),
    soundfonts,
  });
  const features = join(folder, "features");
  writeFileSync(features, encoded.features);
  const world: World = { plans, features, paths: {} };
  const { counted, warmUp } = stepsOf("on the fly");
  const { source } = openToyStage(toyStageOf(world));
  const { accumulation, perDevice } = stage.batch;
  const nHeard = (warmUp + counted) * accumulation * perDevice;
  const heard = new Set(
    (await source.take(0, nHeard)).map(({ audio }) => audio),
  );
  const rendered = plans.filter(({ name }) => heard.has(name));
  const options = { soundfonts, folder, clips: clipOptions };
  const paths = await renderToFiles(rendered, options);
  const path = join(folder, "world.json");
  const named = rendered.map(({ name }, i) => [name, paths[i]]);
  const whole = { ...world, paths: Object.fromEntries(named) };
  writeFileSync(path, JSON.stringify(whole));
  return path;
}

function measure(way: Way, world: string): Measurement {
  const question: Question = { ...way, world };
  const script = join(import.meta.dirname, "wait", "child.ts");
  const child = spawnSync(
    process.execPath,
    ["--import", "tsx", script, JSON.stringify(question)],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  const last = child.stdout.trim().split("\n").at(-1) ?? "";
  if (child.status === 0) return JSON.parse(last);
  throw new Error(
    `wait: expected an answer, got exit ${child.status ?? child.signal}`,
    { cause: child.error },
  );
}

/** Refuses to go on where two ways of a road trained differently. */
function checkLosses(measured: ReadonlyMap<Way, readonly Measurement[]>): void {
  for (const road of new Set(ways.map(({ road }) => road))) {
    const runs = ways
      .filter((way) => way.road === road)
      .flatMap((way) => measured.get(way)!);
    const wanted = JSON.stringify(runs[0].losses);
    if (runs.every(({ losses }) => JSON.stringify(losses) === wanted)) continue;
    throw new Error(
      `wait: expected the same losses whoever makes the batches, got others ` +
        `(${road}); nothing was kept`,
    );
  }
}

export async function run([rounds = "3"]: readonly string[]): Promise<void> {
  const started = load();
  console.log(`load at the start: ${started}`);
  const folder = mkdtempSync(join(tmpdir(), "pal-wait-"));
  try {
    const world = await makeWorld(folder);
    const measured = new Map<Way, Measurement[]>(ways.map((way) => [way, []]));
    for (let round = 1; round <= Number(rounds); round++) {
      for (const way of ways) measured.get(way)!.push(measure(way, world));
      console.log(`round ${round} of ${rounds} done, load ${load()}`);
    }
    checkLosses(measured);
    const rows = ways.map((way) => rowOf(way, measured.get(way)!));
    const filled = await paddings();
    for (const cells of waitTable(rows)) console.log(cells.join("  "));
    for (const cells of paddingTable(filled)) console.log(cells.join("  "));
    const [{ description: engine }] = measured.get(ways[0])!;
    const loads = `${started} to ${load()}, ${rounds} rounds`;
    const facts = { ...machine(), load: loads, engine };
    console.log(`kept in ${keep({ facts, rows, paddings: filled })}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
