/**
 * `node scripts/fresh.mjs [words]`: every npm command of the README, each from
 * a clean clone of the last commit, so that none relies on another's set-up.
 *
 * npm's downloads alone are spared: a stand-in for `npm ci` copies the packages
 * of this checkout, which must be set up. Everything else is made anew, on the
 * wasm engine, in a temporary folder. Words choose commands by name.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { root } from "./setup/paths.mjs";

/** For each npm script the shortest call that shows it at work. */
const calls = {
  setup: [[]],
  doctor: [[]],
  start: [["--scale", "smoke"]],
  test: [["setup/nodes"]],
  check: [[]],
  notebooks: [["03", "--scale", "smoke"]],
  kernel: [["--prefix", ".pal/prefix"]],
  lab: [["--setup-only"]],
  pal: [["cost"], ["engine", "--help"]],
  bench: [["--help"]],
};

const { scripts } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);

/** An npm whose `ci` copies; links where the file system lets it. */
function npmStandIn(folder) {
  const path = join(folder, "bin", "npm");
  mkdirSync(join(folder, "bin"), { recursive: true });
  const text = `#!/bin/sh
[ "$1" = ci ] || { echo 11; exit 0; }
case "$PWD" in
*/notebooks/kernel) from="${join(root, "notebooks", "kernel")}" ;;
*) from="${root}" ;;
esac
for each in node_modules lib/node_modules; do
  [ -d "$from/$each" ] || continue
  cp -al "$from/$each" "$each" 2> /dev/null || {
    rm -rf "$each" && cp -a "$from/$each" "$each"
  }
done
# Only the binding that set-up puts there is not npm's.
rm -rf node_modules/@tensorflow/tfjs-node/lib/napi-v8
`;
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

function run(name, args, folder) {
  const clone = join(folder, "clone");
  const git = ["clone", "--quiet", root, clone];
  const { status } = spawnSync("git", git, { stdio: "inherit" });
  if (status !== 0) throw new Error(`fresh: expected a clone, got ${status}`);
  const { npm_execpath: _, ...env } = process.env;
  const begin = performance.now();
  const result = spawnSync(
    "sh",
    ["-c", `${scripts[name]} "$@"`, "sh", ...args],
    {
      cwd: clone,
      encoding: "utf8",
      env: {
        ...env,
        PAL_ENGINE: "wasm",
        PATH: join(folder, "bin") + delimiter + env.PATH,
      },
    },
  );
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const changed = spawnSync("git", ["status", "--porcelain"], { cwd: clone });
  rmSync(clone, { recursive: true, force: true });
  const isClean = String(changed.stdout) === "";
  const isFine = result.status === 0 && isClean;
  const what = `npm run ${[name, ...args].join(" ")}`;
  console.log(`  ${isFine ? "ok" : "--"}  ${what} (${seconds} s)`);
  if (isFine) return true;
  console.log(`exit code ${result.status}\n${result.stdout}${result.stderr}`);
  if (!isClean) console.log(`it changed the checkout:\n${changed.stdout}`);
  return false;
}

const words = process.argv.slice(2);
const unknown = Object.keys(scripts).filter((name) => !(name in calls));
if (unknown.length > 0) {
  throw new Error(
    `fresh: expected a call of every npm script, got none of ${unknown}`,
  );
}
if (!existsSync(join(root, "node_modules"))) {
  throw new Error("fresh: expected this checkout set up; run npm run setup");
}
const folder = mkdtempSync(join(tmpdir(), "pal-lab-fresh-"));
try {
  npmStandIn(folder);
  const chosen = Object.entries(calls).filter(
    ([name]) => words.length === 0 || words.includes(name),
  );
  const results = chosen.flatMap(([name, all]) =>
    all.map((args) => run(name, args, folder)),
  );
  process.exitCode = results.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
