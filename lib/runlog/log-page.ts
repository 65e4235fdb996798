import {
  appendFileSync,
  existsSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import type { RunRecord } from "./record.ts";
import type { Revision } from "./surroundings.ts";

const columns = [
  ...["Date (UTC)", "Design", "Stage", "Scale", "Seed", "Steps"],
  ...["Loss (nats per token)", "Wall time (s)", "Engine", "Processor"],
  ...["Revision", "Run"],
];

const pageHead = `# Log of runs

One line for each run whose numbers the repository shows, oldest first. The loss
is the mean of a run's last 20 steps; \`+\` after a revision: files differed
from it. What a run was begun with is in its \`run.json\`.

| ${columns.join(" | ")} |
|${columns.map(() => "---|").join("")}
`;

/**
 * Adds a run to the log of those that are shown, `figures/LOG.md`; a run that
 * is there already stays as it is.
 *
 * @returns whether a line was added
 * @throws RangeError for a run that is not done
 */
export function addToLogPage(path: string, run: RunRecord): boolean {
  if (run.outcome !== "done") {
    throw new RangeError(
      `addToLogPage: expected a run that is done, got ${run.outcome} ` +
        `(${run.design}, ${run.stage}, seed ${run.seed}); finish it first`,
    );
  }
  if (!existsSync(path)) writeFileSync(path, pageHead);
  const page = readFileSync(path, "utf8");
  if (page.includes(`| ${run.id} |`)) return false;
  const gap = page.endsWith("\n") ? "" : "\n";
  appendFileSync(path, `${gap}| ${cellsOf(run).map(plain).join(" | ")} |\n`);
  return true;
}

function cellsOf(run: RunRecord): readonly string[] {
  const { sessions } = run;
  const each = (pick: (session: RunRecord["sessions"][number]) => string) =>
    [...new Set(sessions.map(pick))].join(", ");
  return [
    run.startedAt.slice(0, 16).replace("T", " "),
    run.design,
    run.stage,
    run.scale,
    String(run.seed),
    String(run.steps),
    run.loss?.toFixed(4) ?? "",
    run.wallSeconds.toFixed(0),
    each(({ engine }) => engine.name),
    each(({ engine }) => engine.numerics.processor),
    each(({ git }) => shortRevision(git)),
    run.id,
  ];
}

function shortRevision(git: Revision): string {
  if ("absent" in git) return "none";
  return `${git.commit.slice(0, 9)}${git.isDirty ? "+" : ""}`;
}

/** Text that neither ends a cell nor a line. */
function plain(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}
