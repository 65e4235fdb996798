/** What a cell or a terminal shows. */
export { toDanfo } from "./danfo.ts";
export { listen } from "./listen.ts";
export { type Progress, progress } from "./progress.ts";
export { say } from "./say.ts";
export { show } from "./show.ts";
export { table } from "./table.ts";
export { type RunWatch, type WatchedRun, watchRun } from "./watch-run.ts";
