/**
 * A checkout on a machine of our making: set-up's own scripts, and stand-ins
 * for npm, Python, the compiler and the packages, so that every fault of the
 * outside world can be had at will and in milliseconds.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const repository = resolve(import.meta.dirname, "..", "..");

/** What `npm ci` leaves behind, as a shell script's lines. */
const npm = `
[ "$1" = rebuild ] && exit 1
[ -f "$FAULTS/npm-down" ] && { echo "npm error network"; exit 1; }
echo "npm $*" >> "$FAULTS/calls"
if [ -f "$FAULTS/npm-pid" ] && read -r other < "$FAULTS/npm-pid" &&
  kill -0 "$other" 2> /dev/null; then
  [ -f "/proc/$other/stat" ] && read -r stat < "/proc/$other/stat"
  case "$stat" in
  *") Z "*) ;; # dead, and nobody has looked yet
  *) echo "npm error ENOTEMPTY"; exit 1 ;;
  esac
fi
[ -f "$FAULTS/npm-deaf" ] && trap "" INT TERM HUP
if [ -f "$FAULTS/npm-slow" ]; then
  echo $$ > "$FAULTS/npm-pid"
  i=0
  while :; do
    i=$((i + 1)); mkdir -p "node_modules/p$i/lib"; echo x > "node_modules/p$i/lib/f"
    touch "$FAULTS/npm-began"; sleep 0.02
  done
fi
mkdir -p node_modules && echo '{}' > node_modules/.package-lock.json
cp -r "$FAULTS/packages/." node_modules/
`;

/** pip, and the unpacking script. */
const python = `
case "$*" in
*"pip --version"*) echo "pip 99 from nowhere" ;;
*"pip download"*)
  echo "pip download" >> "$FAULTS/calls"
  [ -f "$FAULTS/pip-slow" ] && { touch "$FAULTS/pip-began"; exec sleep 60; }
  [ -f "$FAULTS/pip-down" ] && { echo "ERROR: no network"; exit 1; }
  while [ "$1" != --dest ]; do shift; done
  echo wheel > "$2/tensorflow.whl" ;;
*unpack.py*)
  [ -f "$FAULTS/wheel-broken" ] && { echo "BadZipFile"; exit 1; }
  mkdir -p "$3/tensorflow" && echo lib > "$3/tensorflow/libtensorflow_cc.so.2" ;;
esac
`;

/** Answers --version, else "compiles" its -o argument. */
const compiler = `
[ "$1" = --version ] && { echo "c++ 99"; exit 0; }
echo "c++" >> "$FAULTS/calls"
[ -f "$FAULTS/cxx-fails" ] && { echo "fatal error: no header"; exit 1; }
while [ "$1" != -o ]; do shift; done
echo binding > "$2"
`;

const tsc = `
const { mkdirSync, writeFileSync } = require("node:fs");
const out = process.argv[process.argv.indexOf("--outDir") + 1];
mkdirSync(out, { recursive: true });
writeFileSync(out + "/index.js", "");
`;

/** tfjs-node that multiplies only when its binding is in place. */
const tfjsNode = `
const { readFileSync } = require("node:fs");
readFileSync(__dirname + "/lib/napi-v8/tfjs_binding.node");
if (require("node:fs").existsSync(process.env.FAULTS + "/binding-broken"))
  throw new Error("undefined symbol: TF_Version");
// As Node 22 does of tfjs-node's own calls, after the answer.
process.emitWarning("an old call", "DeprecationWarning");
exports.matMul = () => ({ dataSync: () => [11] });
exports.backend = () => ({ binding: { TF_Version: "9.9" } });
`;

function write(path: string, text: string, executable = false): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  if (executable) chmodSync(path, 0o755);
}

export interface Machine {
  readonly root: string;
  /** Makes or mends a fault, by name. */
  fault(name: string, present?: boolean): void;
  /** Takes a program off the machine. */
  without(program: string): void;
  /** Until a fault's mark is there: "npm-began". */
  until(name: string): Promise<void>;
  /** Whether the last slow npm still runs. */
  npmRuns(): boolean;
  /** What npm, pip and the compiler were asked to do, in order. */
  calls(): string[];
  run(options?: RunOptions): Promise<{ code: number; text: string }>;
  remove(): void;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The script to run; set-up alone unless given. */
  readonly script?: string;
  readonly args?: readonly string[];
  /** Stops it when this settles. */
  readonly interruptAt?: (pid: number) => Promise<void>;
  /** How; SIGINT unless given. */
  readonly signal?: NodeJS.Signals;
  /** Has it started by a program as npm, which alone gets the signal. */
  readonly byNpm?: boolean;
}

/** Programs that the stand-ins themselves call. */
const shellTools = ["sh", "cp", "mkdir", "touch", "sleep", "env"];

function linkShellTools(bin: string): void {
  for (const name of shellTools) {
    const folder = ["/bin", "/usr/bin"].find((candidate) => {
      try {
        readFileSync(join(candidate, name));
        return true;
      } catch {
        return false; // not in this folder: the other one has it
      }
    });
    if (folder) symlinkSync(join(folder, name), join(bin, name));
  }
  symlinkSync(process.execPath, join(bin, "node"));
}

/** A fresh checkout with everything reachable. */
export function newMachine(): Machine {
  const base = mkdtempSync(join(tmpdir(), "pal-setup-"));
  const root = join(base, "checkout");
  const bin = join(base, "bin");
  const faults = join(base, "faults");
  const packages = join(faults, "packages");
  cpSync(join(repository, "scripts"), join(root, "scripts"), {
    recursive: true,
  });
  for (const file of ["package.json", "package-lock.json", "tsconfig.json"]) {
    write(join(root, file), "{}");
  }
  write(join(root, "lib", "package.json"), "{}");
  write(join(root, "test", "one.test.ts"), "");
  write(join(root, "lib", "index.ts"), "export {};");
  write(join(root, "notebooks", "kernel", "package.json"), "{}");
  write(join(root, "notebooks", "kernel", "package-lock.json"), "{}");
  for (const file of ["preload.cjs", "requirements.txt"]) {
    write(join(root, "notebooks", "kernel", file), "");
  }
  write(join(root, "notebooks", "00-start-here.ipynb"), "stored");
  const tfjs = join(packages, "@tensorflow", "tfjs-node");
  write(join(tfjs, "index.js"), tfjsNode);
  write(join(tfjs, "binding", "tfjs_binding.cc"), "");
  write(join(packages, "typescript", "bin", "tsc"), tsc);
  write(join(packages, "tslab", "bin", "tslab"), "");
  mkdirSync(bin);
  linkShellTools(bin);
  for (const [name, text] of Object.entries({
    npm,
    python3: python,
    "c++": compiler,
  })) {
    write(join(bin, name), `#!/bin/sh\n${text}`, true);
  }
  return {
    root,
    fault(name, present = true) {
      if (present) write(join(faults, name), "");
      else rmSync(join(faults, name));
    },
    without(program) {
      rmSync(join(bin, program));
    },
    async until(name) {
      while (!existsSync(join(faults, name))) await wait(10);
    },
    npmRuns() {
      return isAlive(Number(readFileSync(join(faults, "npm-pid"), "utf8")));
    },
    calls() {
      const file = join(faults, "calls");
      if (!existsSync(file)) return [];
      return readFileSync(file, "utf8").trim().split("\n");
    },
    run: (options) => runSetup({ root, bin, faults }, options),
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
}

/** Dead children of a killed parent may wait for long to be looked at. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = join("/proc", String(pid), "stat");
    return !(existsSync(stat) && /\) Z /.test(readFileSync(stat, "utf8")));
  } catch {
    return false; // gone
  }
}

function runSetup(
  { root, bin, faults }: Record<"root" | "bin" | "faults", string>,
  options: RunOptions = {},
): Promise<{ code: number; text: string }> {
  const { args = [], byNpm, env = {}, interruptAt, script } = options;
  const file = join(root, "scripts", script ?? "setup.mjs");
  const command = [process.execPath, file, ...args];
  // "true" keeps the shell: it would hand its process on to a last command.
  const npm = ["sh", "-c", `"$@"; true`, "npm", ...command];
  const [program, ...rest] = byNpm ? npm : command;
  const child = spawn(program, rest, {
    cwd: root,
    env: {
      PATH: bin,
      FAULTS: faults,
      HOME: faults,
      ...(byNpm ? { npm_lifecycle_event: "setup" } : {}),
      ...env,
    },
  });
  let text = "";
  child.stdout.on("data", (part) => {
    text += part;
  });
  child.stderr.on("data", (part) => {
    text += part;
  });
  if (interruptAt && child.pid) {
    void interruptAt(child.pid).then(() =>
      child.kill(options.signal ?? "SIGINT"),
    );
  }
  return new Promise((done) => {
    child.on("close", (code) => done({ code: code ?? -1, text }));
  });
}
