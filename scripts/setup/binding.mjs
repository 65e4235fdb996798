/** The Node binding of tfjs-node, compiled against the wheel's TensorFlow. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./paths.mjs";
import { run, SetupError } from "./run.mjs";

/** The first C++ compiler that answers. */
export async function findCompiler() {
  for (const name of [process.env.CXX, "c++", "g++", "clang++"]) {
    if (!name) continue;
    try {
      const text = await run(name, ["--version"], { log: "cxx", limit: 30 });
      return { compiler: name, version: text.split("\n")[0] };
    } catch (error) {
      if (!/ENOENT|exit code/.test(error.message)) throw error;
    }
  }
  throw new SetupError(
    "no C++ compiler (tried CXX, c++, g++, clang++)",
    "install one (Debian: apt-get install g++)",
  );
}

const here = dirname(fileURLToPath(import.meta.url));
const quietSource = join(here, "quiet.c");
const names = ["tfjs_binding.node", "tfjs_quiet.node"];

/** Compiles into a temporary name, so that a file here is a whole one. */
async function compile(compiler, args, { file, log }) {
  const half = `${file}.half`;
  const headers = join(root, "node_modules", "node-api-headers", "include");
  const common = ["-shared", "-fPIC", "-O2", "-DNAPI_VERSION=8", "-I", headers];
  await run(
    compiler,
    [...common, ...args, "-Wl,-rpath,$ORIGIN/site/tensorflow", "-o", half],
    { log },
  );
  renameSync(half, file);
}

/**
 * Compiles the binding, and what loads TensorFlow quietly, into `folder`.
 *
 * Only Node-API is used, whose headers are an npm package: neither node-gyp
 * nor Node's own headers are needed.
 */
export async function buildBinding(recipe, folder) {
  const [binding, quiet] = names.map((name) => join(folder, name));
  if (existsSync(binding) && existsSync(quiet)) return;
  const { compiler } = await findCompiler();
  const source = join(root, "node_modules", recipe.npm, "binding");
  if (!existsSync(source)) {
    throw new SetupError(
      `${recipe.npm} is not installed`,
      "its npm package is optional: npm ci --include=optional, then run again",
    );
  }
  const tensorflow = join(folder, "site", "tensorflow");
  const files = readdirSync(source).filter((name) => name.endsWith(".cc"));
  await compile(
    compiler,
    [
      ...["-std=c++17", "-I", join(tensorflow, "include")],
      ...files.map((name) => join(source, name)),
      join(tensorflow, "libtensorflow_cc.so.2"),
      join(tensorflow, "libtensorflow_framework.so.2"),
    ],
    { file: binding, log: "binding" },
  );
  await compile(compiler, ["-x", "c", quietSource, "-ldl"], {
    file: quiet,
    log: "quiet",
  });
}

const linkFolder = (recipe) =>
  join(root, "node_modules", recipe.npm, "lib", "napi-v8");

/** Puts the compiled files where tfjs-node looks for its binding. */
export function linkBinding(recipe, folder) {
  const place = linkFolder(recipe);
  mkdirSync(place, { recursive: true });
  for (const name of names) {
    const link = join(place, name);
    rmSync(link, { force: true });
    symlinkSync(relative(place, join(folder, name)), link);
  }
}

/** True when the links are there and lead to this folder's files. */
export function isLinked(recipe, folder) {
  return names.every((name) => {
    const [link, file] = [join(linkFolder(recipe), name), join(folder, name)];
    if (!existsSync(link) || !existsSync(file)) return false;
    return realpathSync(link) === realpathSync(file);
  });
}

/**
 * Loads the engine in a process of its own and multiplies two matrices.
 *
 * @returns TensorFlow's version
 */
export async function probeEngine(npmName) {
  try {
    const text = await run(
      process.execPath,
      [join(here, "probe.cjs"), npmName],
      {
        log: "probe",
        limit: 120,
        env: { TF_CPP_MIN_LOG_LEVEL: "2" },
      },
    );
    return text.trim().split("\n").at(-1);
  } catch (error) {
    const cause = error.output?.split("\n").find((line) => /Error:/.test(line));
    throw new SetupError(
      `${npmName} does not load: ${cause ?? error.message.split("\n")[0]}`,
      "see .pal/logs/probe.log and .pal/logs/binding.log",
      { cause: error },
    );
  }
}
