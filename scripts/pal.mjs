/**
 * `npm run pal -- <command>`: sets up what is missing, then runs the command.
 *
 * The library's own commands run as compiled; those of the repository, which
 * the published package does not have, run from their source.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./setup/paths.mjs";
import { inherit, inheritSource } from "./setup/spawn.mjs";
import { reportFault, setUp } from "./setup.mjs";

const ofRepository = {
  notebooks: {
    summary: "run notebooks with the real kernel; --help tells more",
    file: join("notebooks", "runner", "main.ts"),
  },
  parity: {
    summary: "compare our numbers with the official code's, folder by folder",
    file: join("bench", "parity", "main.ts"),
  },
};

/** The library's own commands are the files of its folder `cli`. */
const isKnown = (name) =>
  existsSync(join(root, "lib", "dist", "cli", `${name}.js`));

const [name, ...args] = process.argv.slice(2);
const asksHelp =
  [undefined, "help", "--help", "-h"].includes(name) && args.length === 0;

const isHelp = (word) => ["help", "--help", "-h"].includes(word);

try {
  await setUp({ quiet: true, command: "the same command" });
  const [asked, given] = isHelp(name) ? [args[0], ["--help"]] : [name, args];
  if (Object.hasOwn(ofRepository, asked ?? "")) {
    process.exitCode = await inheritSource(ofRepository[asked].file, given);
  } else {
    const main = join(root, "lib", "dist", "cli", "main.js");
    const all = name === undefined ? [] : [name, ...args];
    process.exitCode = await inherit(process.execPath, [main, ...all]);
  }
  if (
    !asksHelp &&
    !isHelp(name) &&
    !isKnown(name) &&
    !Object.hasOwn(ofRepository, name)
  ) {
    const names = Object.keys(ofRepository).join(", ");
    console.error(`and of this repository: ${names}`);
  }
  if (asksHelp) {
    for (const [name, { summary }] of Object.entries(ofRepository)) {
      console.log(`  ${name.padEnd(12)} ${summary}`);
    }
  }
} catch (error) {
  reportFault(error);
}
