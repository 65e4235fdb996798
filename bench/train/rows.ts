import { least, type Measured, median } from "./measure.ts";
import type { Table } from "./part.ts";
import { costOfTask, type Stage, tokensOf } from "./tasks.ts";

/** One line of the table of steps. */
export interface Row {
  readonly size: string;
  readonly stage: Stage;
  readonly design: string;
  readonly on: "pal-lab" | "PyTorch";
  readonly mode: string;
  readonly min: number; // ms
  readonly median: number; // ms
  readonly minProcessor: number; // ms of all threads
  readonly firstMs: number;
  readonly tokensPerSecond: number; // at the minimum
  readonly peakMiB: number;
  readonly gflops: number; // of a step's matrix products
  /** Of the processor's product peak, at the minimum. */
  readonly share: number;
  /** The faster PyTorch's time over this one, by minima and by medians. */
  readonly timesPytorch: number;
  readonly timesPytorchByMedian: number;
  readonly losses: readonly number[];
}

export function rowsOf(all: readonly Measured[], peak: number): Row[] {
  return all.map((measured) => {
    const { firstMs, losses, peakMiB, processor, task, times } = measured;
    const peers = all.filter((one) => isSame(one, measured) && isPeer(one));
    const gflops = costOfTask(task).flops / 1e9;
    const min = least(times);
    return {
      size: task.size,
      stage: task.stage,
      design: task.config.variant.name,
      on: isPeer(measured) ? "PyTorch" : "pal-lab",
      mode: task.mode,
      min,
      median: median(times),
      minProcessor: least(processor),
      firstMs,
      tokensPerSecond: (1000 * tokensOf(task)) / min,
      peakMiB,
      gflops,
      share: (1000 * gflops) / min / peak,
      timesPytorch: least(peers.map((one) => least(one.times))) / min,
      timesPytorchByMedian:
        least(peers.map((one) => median(one.times))) / median(times),
      losses,
    };
  });
}

const isPeer = ({ task }: Measured) => !task.mode.startsWith("graph");

/** Whether two have trained the same model in the same way. */
function isSame({ task: one }: Measured, { task: other }: Measured): boolean {
  return (
    one.size === other.size &&
    one.stage === other.stage &&
    one.config.variant.name === other.config.variant.name
  );
}

/** The largest relative difference of a loss from the first contender's. */
export function lossDifference(all: readonly Measured[]): number {
  const differences = all.flatMap((measured) => {
    const first = all.find((one) => isSame(one, measured))!;
    return measured.losses.map(
      (loss, i) => Math.abs(loss - first.losses[i]) / Math.abs(first.losses[i]),
    );
  });
  return Math.max(...differences);
}

const percent = (x: number) => `${(100 * x).toFixed(0)} %`;

export function stepTable(rows: readonly Row[]): Table {
  return [
    [
      ...["size", "stage", "design", "on", "mode", "min ms", "median ms"],
      ...["processor ms", "first ms", "tokens/s", "peak MiB", "GFLOP"],
      ...["of peak", "x PyTorch", "by medians"],
    ],
    ...rows.map((row) => [
      ...[row.size, `${row.stage}`, row.design, row.on, row.mode],
      ...[row.min.toFixed(1), row.median.toFixed(1)],
      ...[row.minProcessor.toFixed(1), row.firstMs.toFixed(0)],
      ...[row.tokensPerSecond.toFixed(0), row.peakMiB.toFixed(0)],
      ...[row.gflops.toFixed(1), percent(row.share)],
      row.timesPytorch.toFixed(2),
      row.timesPytorchByMedian.toFixed(2),
    ]),
  ];
}
