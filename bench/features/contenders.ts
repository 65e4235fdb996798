import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { clapMel } from "../../lib/audio/clap-mel.ts";
import { fbank, sslamFbank } from "../../lib/audio/fbank.ts";
import { sslamFrames } from "../../lib/audio/front-end.ts";
import type { Mel } from "../../lib/audio/mel.ts";
import { resample } from "../../lib/audio/resample.ts";

/** kaldi-native-fbank refuses 128 bands: band 3 lies between two bins. */
export const bands = 120;
const runsEach = 10;

export interface Times {
  readonly wall: number[]; // ms
  readonly cpu: number[]; // ms
  readonly mean?: number;
}

export interface Contender {
  readonly task: string;
  readonly name: string;
  readonly measure: () => Times | Promise<Times>;
}

function sweep(rate: number): Float32Array {
  return Float32Array.from({ length: 10 * rate }, (_, i) => {
    const t = i / rate;
    const rising = Math.sin(2 * Math.PI * (100 + 150 * t) * t);
    return 0.4 * rising + 0.1 * Math.sin(i * i);
  });
}

/** Ours: the two compared with peers, and the rest of the way. */
export function ours(): Contender[] {
  const wave16 = sweep(16_000);
  const wave44 = sweep(44_100);
  const wave48 = sweep(48_000);
  const fewer = { ...sslamFbank, nBands: bands };
  const own = (task: string, work: () => Mel | Float32Array): Contender => {
    for (let i = 0; i < 5; i++) work();
    return { task, name: "pal-lab", measure: () => time(work) };
  };
  return [
    own("fbank", () => fbank(wave16, fewer)),
    own("clap", () => clapMel(wave48)),
    own("sslam", () => sslamFrames(wave16)),
    own("44.1 to 16 kHz", () => resample(wave44, 44_100, { to: 16_000 })),
    own("44.1 to 48 kHz", () => resample(wave44, 44_100, { to: 48_000 })),
  ];
}

function time(work: () => Mel | Float32Array): Times {
  const wall: number[] = [];
  const cpu: number[] = [];
  let made: Mel | Float32Array = new Float32Array(0);
  for (let run = 0; run < runsEach; run++) {
    const started = performance.now();
    const used = process.cpuUsage();
    made = work();
    const { system, user } = process.cpuUsage(used);
    cpu.push((system + user) / 1000);
    wall.push(performance.now() - started);
  }
  const values = made instanceof Float32Array ? made : made.values;
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return { wall, cpu, mean };
}

/** The peers' process, asked and answered line by line. */
export class Peers {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(python: string) {
    const script = join(import.meta.dirname, "..", "python", "features.py");
    this.#child = spawn(python, [script], {
      stdio: ["pipe", "pipe", "ignore"],
      env: {
        ...process.env,
        OMP_NUM_THREADS: "1",
        OPENBLAS_NUM_THREADS: "1",
        MKL_NUM_THREADS: "1",
      },
    });
    this.#child.on("error", () => {}); // told by the missing first line
    const output = this.#child.stdout;
    if (!output) throw new Error("Peers: expected a pipe from Python");
    this.#lines = createInterface({ input: output })[Symbol.asyncIterator]();
  }

  async answer<T>(question?: object): Promise<T | undefined> {
    if (question) this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    const { done, value } = await this.#lines.next();
    return done ? undefined : (JSON.parse(value) as T);
  }

  close(): void {
    this.#child.stdin?.end();
  }
}

/** The peers that are installed; a printed line for each other one. */
export async function findPeers(peers: Peers | undefined) {
  const versions = (await peers?.answer<Record<string, string>>()) ?? {};
  const wanted = [
    ["fbank", "kaldi-native-fbank"],
    ["clap", "transformers"],
  ] as const;
  const contenders: Contender[] = [];
  for (const [task, name] of wanted) {
    if (!(name in versions)) {
      console.log(`${name} skipped: not found; set PAL_PYTHON to a Python`);
      continue;
    }
    const measure = async () => {
      const question = { task, runs: runsEach, bands };
      const times = await peers?.answer<Times>(question);
      if (times) return times;
      throw new Error(`features: expected an answer of ${name}, got none`);
    };
    contenders.push({ task, name, measure });
  }
  return { contenders, versions };
}
