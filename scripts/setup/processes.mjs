/** Which process is which: a number alone may have been given away again. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** When a process began, as its system tells; undefined where it is gone. */
function startOf(pid) {
  if (process.platform === "linux") {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : fields[19];
    } catch (error) {
      if (error.code === "ENOENT" || error.code === "ESRCH") return undefined;
      throw error;
    }
  }
  const { stdout } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], {
    encoding: "utf8",
  });
  return stdout?.trim() || undefined;
}

/** A process by number and beginning. */
export const identify = (pid) => ({ pid, start: startOf(pid) });

/** Whether that very process is still there. */
export function isRunning({ pid, start }) {
  return start !== undefined && startOf(pid) === start;
}
