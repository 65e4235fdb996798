/** What a run of training leaves: its record, its steps, its place in the log. */
export { addToLogPage } from "./log-page.ts";
export { type MetricsLine, readMetrics, type StepMetrics } from "./metrics.ts";
export { type RunHeader, type RunRecord, readRun } from "./record.ts";
export { openRunLog, type RunLog } from "./run-log.ts";
export { type StepRow, stepRows } from "./step-rows.ts";
