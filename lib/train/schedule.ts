/** How a learning rate rises and falls over a run. */
export interface Schedule {
  readonly steps: number;
  readonly peakLearningRate: number;
  /** Share of the steps spent warming up. */
  readonly warmupRatio: number;
}

/** Learning rate at `step`, from 0: linear warm-up, then a half cosine to 0. */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { peakLearningRate, steps, warmupRatio } = schedule;
  if (!(step >= 0 && step < steps)) {
    throw new RangeError(
      `learningRateAt: expected a step in 0..${steps - 1}, got ${step}`,
    );
  }
  const warmup = Math.max(1, Math.round(steps * warmupRatio));
  if (step < warmup) return (peakLearningRate * (step + 1)) / warmup;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return (peakLearningRate / 2) * (1 + Math.cos(Math.PI * progress));
}
