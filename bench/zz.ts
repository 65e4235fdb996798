import { spawnSync } from "node:child_process";
import { designs, flopsOf, growing, lab, large, middle, taskOf } from "./step/tasks.ts";
const sizes = { lab, large, middle };
const [sizeName, stage, modes, steps, which, A] = process.argv.slice(2);
const size = sizes[sizeName as "lab"];
for (const v of designs) {
  if (which && which !== "all" && v.name !== which) continue;
  for (const mode of modes.split(",")) {
    const task = taskOf(size, v, { stage: Number(stage) as 1, mode: (mode === "torch" || mode === "torchcell") ? "eager" : mode === "xla" ? "graph + XLA" : "graph", warmUp: 2, steps: Number(steps), query: A ? growing[Number(A)] : undefined });
    if (mode === "torchcell") (task.config.connector as any).arithmetic = "per-cell";
    const r = mode.startsWith("torch")
      ? spawnSync("/tmp/torchenv/bin/python", ["bench/python/step.py", JSON.stringify(task)], { encoding: "utf8" })
      : spawnSync(process.execPath, ["--import", "tsx", "bench/step/child.ts", JSON.stringify(task)], { encoding: "utf8" });
    if (r.status !== 0) { console.log(v.name, mode, r.stderr.slice(-2000)); continue; }
    const a = JSON.parse(r.stdout.trim());
    const t = [...a.times].sort((x: number, y: number) => x - y);
    const f = flopsOf(task);
    console.log(v.name, mode, "min", t[0].toFixed(1), "med", t[t.length >> 1].toFixed(1), "GF", (f / 1e9).toFixed(1), "GF/s", (f / t[0] / 1e6).toFixed(0), a.losses.map((x: number) => x.toFixed(6)).join(" "), a.nNodes ?? "");
  }
}
