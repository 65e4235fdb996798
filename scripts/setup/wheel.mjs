/** Downloads and unpacks TensorFlow's wheel, whole or not at all. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { requireDisk } from "./disk.mjs";
import { tensorflowVersion, wheelParts } from "./recipes.mjs";
import { run, SetupError } from "./run.mjs";

const unpackScript = join(dirname(fileURLToPath(import.meta.url)), "unpack.py");

/** The first Python that has pip, asked by running it. */
export async function findPython() {
  const names = [process.env.PAL_PYTHON, "python3", "python"];
  const failures = [];
  for (const name of names.filter(Boolean)) {
    try {
      const text = await run(name, ["-m", "pip", "--version"], {
        log: "pip-version",
        limit: 30,
      });
      return { python: name, pip: text.split(" ").slice(0, 2).join(" ") };
    } catch (error) {
      failures.push(error.message.split("\n").at(-1));
    }
  }
  throw new SetupError(
    `no Python 3 with pip (${failures.at(-1)})`,
    "install them (Debian: apt-get install python3 python3-pip)",
  );
}

/** Limits of pip's patience, unless the user has set their own. */
const patience = {
  PIP_RETRIES: process.env.PIP_RETRIES ?? "1",
  PIP_DEFAULT_TIMEOUT: process.env.PIP_DEFAULT_TIMEOUT ?? "15",
  PIP_DISABLE_PIP_VERSION_CHECK: "1",
};

async function download(python, requirements, { tag, folder }) {
  const target = [
    ...["--only-binary", ":all:", "--no-deps", "--platform", tag],
    // The wheel's Python does not matter: only its libraries are used.
    ...["--implementation", "cp", "--python-version", "3.11"],
    ...["--dest", folder],
  ];
  try {
    await run(python, ["-m", "pip", "download", ...target, ...requirements], {
      log: "pip-download",
      env: patience,
      limit: 1800,
    });
  } catch (error) {
    throw new SetupError(
      "pip could not download TensorFlow " +
        `(${error.message.trim().split("\n").at(-1)})`,
      "check that pip reaches its index, then: npm run setup",
      { cause: error },
    );
  }
}

/** CUDA's packages as the wheel's own metadata asks for them. */
function cudaRequirements(site) {
  const info = readdirSync(site).find((name) => name.endsWith(".dist-info"));
  const metadata = readFileSync(join(site, info, "METADATA"), "utf8");
  return metadata
    .split("\n")
    .filter((line) => line.includes('extra == "and-cuda"'))
    .map((line) => line.replace("Requires-Dist:", "").split(";")[0].trim());
}

async function unpackAll(python, folder, site, parts) {
  for (const name of readdirSync(folder)) {
    const wheel = join(folder, name);
    await run(python, [unpackScript, wheel, site, ...parts], { log: "unpack" });
    rmSync(wheel);
  }
}

/** Puts the wheel's libraries and headers into `site`. */
export async function fetchWheel(recipe, site) {
  if (existsSync(site)) return;
  requireDisk(
    recipe.gibibytes,
    "TensorFlow",
    "free some, or choose a smaller engine: PAL_ENGINE=wasm npm start",
  );
  const { python } = await findPython();
  const half = `${site}.half`;
  const folder = `${site}.wheels`;
  for (const path of [half, folder]) {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
  }
  const options = { tag: recipe.tag, folder };
  const wanted = [`${recipe.wheel}==${tensorflowVersion}`];
  await download(python, wanted, options);
  await unpackAll(python, folder, half, wheelParts);
  if (recipe.gpu) {
    await download(python, cudaRequirements(half), options);
    await unpackAll(python, folder, half, []);
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(half, site);
}
