/** Runs a command in the user's terminal and hands on how it ended. */
import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

/**
 * Resolves to the command's exit code; Ctrl-C goes to the command, which ends
 * in its own way.
 *
 * @param options - env: variables to add; cwd
 */
export function inherit(command, args, { env = {}, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: "inherit",
    });
    // The terminal sends SIGINT to both; a plain kill reaches only us.
    const pass = (signal) => child.kill(signal);
    const ignore = () => {};
    process.removeAllListeners("SIGINT");
    process.removeAllListeners("SIGTERM");
    process.on("SIGINT", ignore);
    process.on("SIGTERM", pass);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", pass);
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });
}

/** Runs a TypeScript file of the repository as it stands. */
export const inheritSource = (file, args, options) =>
  inherit(process.execPath, ["--import", "tsx", file, ...args], options);
