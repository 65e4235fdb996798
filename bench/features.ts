/**
 * `npm run bench -- features [rounds]`: our front-ends beside
 * kaldi-native-fbank and transformers' ClapFeatureExtractor, on one core.
 *
 * Ours and the peers take turns in one run, on the same 10 s of sound. The
 * peers run in the Python that PAL_PYTHON names; without it, or without one of
 * them, a line says so and the rest is measured.
 */
import { loadavg } from "node:os";
import { pathToFileURL } from "node:url";
import {
  type Contender,
  findPeers,
  ours,
  Peers,
  type Times,
} from "./features/contenders.ts";
import { machine, report, rowOf } from "./features/report.ts";

/** Measures, prints the table and keeps it in `bench/results`. */
export async function features([rounds = "5"]: readonly string[]) {
  const python = process.env.PAL_PYTHON;
  const peers = python ? new Peers(python) : undefined;
  const { contenders, versions } = await findPeers(peers);
  const all = [...ours(), ...contenders];
  const load = loadavg()[0];
  const collected = all.map(() => ({ wall: [], cpu: [] }) as Times);
  const means = new Map<Contender, number | undefined>();
  for (let round = 0; round < Number(rounds); round++) {
    for (const [i, contender] of all.entries()) {
      const { cpu, mean, wall } = await contender.measure();
      collected[i].cpu.push(...cpu);
      collected[i].wall.push(...wall);
      means.set(contender, mean);
    }
  }
  peers?.close();
  const rows = all
    .map((contender, i) => rowOf(contender, collected[i], means.get(contender)))
    .sort((a, b) => a.task.localeCompare(b.task));
  report(rows, { ...machine(load, rounds), ...versions });
}

export const run = features;

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await features(process.argv.slice(2));
}
