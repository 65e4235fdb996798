import { escapeHtml } from "./html.ts";

/** How far a loop has come. */
export interface ProgressState {
  readonly label: string;
  readonly total: number | undefined;
  readonly count: number;
  readonly note: string;
  /** Since the start. */
  readonly seconds: number;
  /** To the end, where somebody knows better than the mean of the steps. */
  readonly secondsLeft?: number;
}

const barWidth = 20;

/** One line: bar, count, share, rate, time left, note. */
export function progressLine(state: ProgressState): string {
  const { label, note } = state;
  const share = shareOf(state);
  const filled = Math.floor((share ?? 0) * barWidth);
  const bar =
    share === undefined
      ? []
      : ["\u2588".repeat(filled) + "\u2591".repeat(barWidth - filled)];
  return [label, ...bar, ...numbers(state), ...(note ? [note] : [])].join("  ");
}

/** The same for a cell, in colors that suit light and dark pages. */
export function progressHtml(state: ProgressState): string {
  const share = shareOf(state) ?? 0;
  const words = [...numbers(state), ...(state.note ? [state.note] : [])];
  const bar =
    state.total === undefined
      ? ""
      : '<span style="display:inline-block;width:180px;height:8px;' +
        "margin:0 10px;border-radius:4px;background:rgba(128,128,128,.28);" +
        'vertical-align:middle"><span style="display:block;height:8px;' +
        `width:${(100 * share).toFixed(1)}%;border-radius:4px;` +
        'background:#5583B9"></span></span>';
  return (
    '<div style="font-size:13px;font-variant-numeric:tabular-nums">' +
    `${escapeHtml(state.label)} ${bar} ` +
    `${escapeHtml(words.join(" \u00b7 "))}</div>`
  );
}

/** What is left when all is done: "train: 300 of 300 in 12.3 s (24.4/s)". */
export function finalLine({
  label,
  count,
  total,
  seconds,
}: ProgressState): string {
  const steps = total === undefined ? `${count}` : `${count} of ${total}`;
  const rate = rateOf(count, seconds);
  return `${label}: ${steps} in ${duration(seconds)}${rate && ` (${rate})`}`;
}

function numbers(state: ProgressState): string[] {
  const { count, seconds, total } = state;
  const share = shareOf(state);
  const rate = rateOf(count, seconds);
  const isUnderWay = total !== undefined && count > 0 && count < total;
  return [
    total === undefined ? `${count}` : `${count}/${total}`,
    ...(share === undefined ? [] : [`${Math.floor(100 * share)} %`]),
    ...(rate ? [rate] : []),
    ...(isUnderWay ? [`${duration(leftOf(state, total))} left`] : []),
  ];
}

/** What is told, or as the steps so far took. */
function leftOf(state: ProgressState, total: number): number {
  const { count, seconds, secondsLeft } = state;
  return secondsLeft ?? (seconds / count) * (total - count);
}

/** Share of the way, at most 1, or undefined where the end is not known. */
function shareOf({ count, total }: ProgressState): number | undefined {
  return total === undefined ? undefined : Math.min(1, count / total);
}

/** Steps a second, or seconds a step where they are slow. */
function rateOf(count: number, seconds: number): string {
  if (count === 0 || seconds <= 0) return "";
  const rate = count / seconds;
  return rate >= 1 ? `${short(rate)}/s` : `${short(1 / rate)} s each`;
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

/** "3.2 s", "32 s", "2 min 5 s", "1 h 3 min". */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
