/** How a learning rate rises and falls over a run. */
export interface Schedule {
  readonly steps: number;
  readonly peakLearningRate: number;
  /** Share of the steps spent warming up; a started step is a whole one. */
  readonly warmupRatio: number;
}

/** Steps before the peak, as transformers' trainer counts them. */
export function warmupSteps({ steps, warmupRatio }: Schedule): number {
  if (!(warmupRatio >= 0 && warmupRatio <= 1)) {
    throw new RangeError(
      `warmupSteps: expected a warm-up ratio in 0..1, got ${warmupRatio}`,
    );
  }
  return Math.ceil(steps * warmupRatio);
}

/**
 * Learning rate at `step`, from 0: linear from 0 to the peak, then a half
 * cosine towards 0.
 *
 * Step for step transformers' `get_cosine_schedule_with_warmup`, which LTU's
 * trainer uses: with a warm-up the first step has rate 0, and the peak is
 * reached at the first step after it.
 */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { peakLearningRate, steps } = schedule;
  if (!(step >= 0 && step < steps)) {
    throw new RangeError(
      `learningRateAt: expected a step in 0..${steps - 1}, got ${step}`,
    );
  }
  const warmup = warmupSteps(schedule);
  if (step < warmup) return (peakLearningRate * step) / warmup;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return (peakLearningRate / 2) * (1 + Math.cos(Math.PI * progress));
}
