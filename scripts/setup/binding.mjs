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

const probeScript = join(dirname(fileURLToPath(import.meta.url)), "probe.cjs");

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

/**
 * Compiles the binding into `file`.
 *
 * Only Node-API is used, whose headers are an npm package: neither node-gyp
 * nor Node's own headers are needed.
 */
export async function buildBinding(recipe, site, file) {
  if (existsSync(file)) return;
  const { compiler } = await findCompiler();
  const source = join(root, "node_modules", recipe.npm, "binding");
  if (!existsSync(source)) {
    throw new SetupError(
      `${recipe.npm} is not installed`,
      "its npm package is optional: npm ci --include=optional, then run again",
    );
  }
  const tensorflow = join(site, "tensorflow");
  const half = `${file}.half`;
  await run(
    compiler,
    [
      ...["-shared", "-fPIC", "-O2", "-std=c++17", "-DNAPI_VERSION=8"],
      ...["-I", join(root, "node_modules", "node-api-headers", "include")],
      ...["-I", join(tensorflow, "include")],
      ...readdirSync(source)
        .filter((name) => name.endsWith(".cc"))
        .map((name) => join(source, name)),
      join(tensorflow, "libtensorflow_cc.so.2"),
      join(tensorflow, "libtensorflow_framework.so.2"),
      "-Wl,-rpath,$ORIGIN/site/tensorflow",
      ...["-o", half],
    ],
    { log: "binding" },
  );
  renameSync(half, file);
}

const linkFolder = (recipe) =>
  join(root, "node_modules", recipe.npm, "lib", "napi-v8");
const linkName = "tfjs_binding.node";

/** Puts the binding where tfjs-node looks for it. */
export function linkBinding(recipe, file) {
  const folder = linkFolder(recipe);
  mkdirSync(folder, { recursive: true });
  const link = join(folder, linkName);
  rmSync(link, { force: true });
  symlinkSync(relative(folder, file), link);
}

/** True when the link is there and leads to this binding. */
export function isLinked(recipe, file) {
  const link = join(linkFolder(recipe), linkName);
  if (!existsSync(link) || !existsSync(file)) return false;
  return realpathSync(link) === realpathSync(file);
}

/**
 * Loads the engine in a process of its own and multiplies two matrices.
 *
 * @returns TensorFlow's version
 */
export async function probeEngine(npmName) {
  try {
    const text = await run(process.execPath, [probeScript, npmName], {
      log: "probe",
      limit: 120,
      env: { TF_CPP_MIN_LOG_LEVEL: "2" },
    });
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
