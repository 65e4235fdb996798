import {
  lengthGroups,
  orderedSource,
  type Rows,
} from "../../lib/data/ordered.ts";
import { bucketLength } from "../../lib/llm/prompt.ts";
import { random } from "../../lib/tensor/random.ts";
import {
  type Batching,
  batchingOf,
  connectorPretraining,
} from "../../lib/train/stage.ts";
import { planClips } from "../../lib/world/toy/clips.ts";
import { comparisonSetting, toyWriter } from "../../lib/world/toy/setting.ts";
import { toyRows } from "../../lib/world/toy/source.ts";
import { questionsPerClip, stagesOfScale } from "../../lib/world/toy/stages.ts";

/** How much of a stage's batches is filling, in percent. */
export interface Padding {
  readonly rows: string;
  readonly byChance: number;
  readonly byLength: number;
}

/** Filling of an epoch's micro-batches, in one order. */
async function filling(
  rows: Rows,
  {
    batching,
    longest,
    tokensOf,
  }: {
    readonly batching: Batching;
    readonly longest: number;
    readonly tokensOf: (row: { question: string; answer: string }) => number;
  },
  groupsByLength: boolean,
): Promise<number> {
  const { batchSize, microBatchSize } = batching;
  const bucketing = groupsByLength ? lengthGroups(batchSize) : undefined;
  const source = orderedSource(rows, { seed: 1, bucketing });
  let [real, all] = [0, 0];
  const end = Math.floor(rows.length / microBatchSize) * microBatchSize;
  for (let from = 0; from < end; from += microBatchSize) {
    const lengths = (await source.take(from, microBatchSize)).map(tokensOf);
    const T = bucketLength(Math.max(...lengths), longest);
    real += lengths.reduce((sum, length) => sum + length, 0);
    all += T * microBatchSize;
  }
  return 100 * (1 - real / all);
}

async function paddingOf(
  name: string,
  rows: Rows,
  options: Parameters<typeof filling>[1],
): Promise<Padding> {
  const [byChance, byLength] = [
    await filling(rows, options, false),
    await filling(rows, options, true),
  ];
  return { rows: name, byChance, byLength };
}

/** Rows of lengths that nobody measured: log-normal, median 60 tokens. */
function inventedRows(n: number, longest: number): Rows {
  const chance = random("invented lengths");
  const answers = Array.from({ length: n }, () => {
    const length = Math.round(60 * Math.exp(0.5 * chance.normal()));
    return "a".repeat(Math.min(longest, Math.max(8, length)));
  });
  const exampleAt = (row: number) => ({
    id: `${row}`,
    audio: "",
    question: "",
    answer: answers[row],
    task: "",
    set: "",
  });
  return { length: n, read: async (wanted) => wanted.map(exampleAt) };
}

/** The lab's stages, and a set of invented lengths at the paper's batch. */
export async function paddings(): Promise<Padding[]> {
  const setting = comparisonSetting();
  const writer = toyWriter(setting);
  const plans = planClips("train", "any", { count: 1080, seed: 1 });
  const found: Padding[] = [];
  for (const stage of stagesOfScale.lab) {
    const { data } = stage;
    const perClip = questionsPerClip[data];
    const rows = toyRows(plans, { perClip, data, seed: 1 });
    found.push(
      await paddingOf(`toy world, lab, stage ${stage.number}`, rows, {
        batching: batchingOf(stage),
        longest: setting.textLength,
        tokensOf: (row) => writer.write(row).tokens.length,
      }),
    );
  }
  const longest = 256;
  found.push(
    await paddingOf(
      "invented: log-normal, median 60 tokens, sigma 0.5; batches of stage 1",
      inventedRows(50_000, longest),
      {
        batching: batchingOf(connectorPretraining),
        longest,
        tokensOf: ({ answer }) => answer.length,
      },
    ),
  );
  return found;
}
