import { columnsOf } from "../display/columns.ts";
import { plainText, textColumns } from "../display/table-text.ts";
import { costOf } from "../pal/cost/cost.ts";
import { furtherDesigns, paperDesigns } from "../pal/design/designs.ts";
import { atDepth, fusedLayers } from "../pal/design/layer-plan.ts";
import type { Variant } from "../pal/design/variant.ts";
import {
  type AskedScale,
  type CostOptions,
  readCostOptions,
  usage,
} from "./cost-options.ts";

/** Prints the cost of every design at the scales asked for. */
export async function cost(args: readonly string[]): Promise<number> {
  let options: CostOptions;
  try {
    options = readCostOptions(args);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  const { help, json, scales } = options;
  if (help) {
    console.log(usage);
    return 0;
  }
  if (json) {
    console.log(JSON.stringify(scales.flatMap(costRows), null, 2));
    return 0;
  }
  for (const scale of scales) {
    console.log(`${costTable(scale)}\n`);
  }
  console.log(
    "Stages 1 and 2: a training step in GFLOP, the LLM frozen or not; cached:\n" +
      "the frozen layers below the audio are not run again. KV: keys and values\n" +
      "kept for decoding, in bf16. All of one clip, by formula and not measured:\n" +
      "matrix products only, a multiply-add as 2, encoders left out.\n" +
      "Version 1 of the paper has no efficiency numbers to compare.",
  );
  return 0;
}

/** What a design costs on one clip. */
export interface CostRow {
  readonly scale: string;
  readonly design: string;
  /** Layers that take audio tokens from the connector. */
  readonly fusedLayers: number;
  readonly connectorParameters: number;
  readonly forwardFlops: number;
  /** Share of the baseline's. */
  readonly relativeToBaseline: number;
  readonly stage1StepFlops: number;
  readonly stage1CachedStepFlops: number;
  readonly stage2StepFlops: number;
  readonly nextTokenFlops: number;
  /** Kept for the tokens that follow, in bf16. */
  readonly keyValueBytes: number;
}

/** The designs' costs, the paper's designs first. */
export function costRows({ query, scale, sequence }: AskedScale): CostRow[] {
  const { llama } = scale;
  const configOf = (variant: Variant) => ({
    variant: atDepth(variant, llama.nLayers),
    llama,
    connector: { ...scale.connector, query },
    encoders: variant.encoders.map((name) => scale.sizesOf(name)),
    audioAt: 0, // does not change a cost
  });
  const designs = [...paperDesigns, ...furtherDesigns];
  const [{ variant: first }] = designs;
  const whole = costOf(configOf(first), sequence).forward.total;
  return designs.map(({ variant }) => {
    const config = configOf(variant);
    const { forward, keyValueBytes, parameters, ...rest } = costOf(
      config,
      sequence,
    );
    return {
      scale: scale.name,
      design: variant.name,
      fusedLayers: fusedLayers(config.variant, llama.nLayers).length,
      connectorParameters: parameters.total - parameters.llama,
      forwardFlops: forward.total,
      relativeToBaseline: forward.total / whole,
      stage1StepFlops: rest.stage1Step.total,
      stage1CachedStepFlops: rest.stage1CachedStep.total,
      stage2StepFlops: rest.stage2Step.total,
      nextTokenFlops: rest.nextToken.total,
      keyValueBytes: keyValueBytes.decode.bf16,
    };
  });
}

function costTable(asked: AskedScale): string {
  const rows = costRows(asked).map((row) => ({
    design: row.design,
    "fused layers": row.fusedLayers,
    "connector (M)": row.connectorParameters / 1e6,
    "forward (GFLOP)": row.forwardFlops / 1e9,
    "% of baseline": 100 * row.relativeToBaseline,
    "stage 1": row.stage1StepFlops / 1e9,
    "1, cached": row.stage1CachedStepFlops / 1e9,
    "stage 2": row.stage2StepFlops / 1e9,
    "next token": row.nextTokenFlops / 1e9,
    "KV (MiB)": row.keyValueBytes / 2 ** 20,
  }));
  const { query, scale, sequence } = asked;
  const caption =
    `${scale.title}: ${sequence.T} text tokens, ${sequence.answer} scored, ` +
    `${query.steps * query.bands} audio tokens (${query.steps}x${query.bands})`;
  return plainText(textColumns(columnsOf(rows)), caption);
}
