/**
 * `npm test`: sets up what is missing, then runs all tests.
 *
 * `npm test -- engine pal/connector` runs the files whose path has one of the
 * words.
 */
import { relative, sep } from "node:path";
import { root } from "./setup/paths.mjs";
import { inherit } from "./setup/spawn.mjs";
import { filesBelow } from "./setup/stamp.mjs";
import { reportFault, setUp } from "./setup.mjs";

const words = process.argv.slice(2);

/** Test files that match a word, or all of them. */
function testFiles() {
  const files = filesBelow(`${root}${sep}test`, (path) =>
    path.endsWith(".test.ts"),
  ).map((path) => relative(root, path));
  const chosen = files.filter(
    (path) => words.length === 0 || words.some((word) => path.includes(word)),
  );
  if (chosen.length === 0) {
    throw new RangeError(
      `npm test: expected a word of a test file's path, got ` +
        `"${words.join(" ")}"; the files: ${files.join(", ")}`,
    );
  }
  return chosen;
}

try {
  await setUp({ command: "npm test" });
  process.exitCode = await inherit(process.execPath, [
    ...["--import", "tsx", "--test", "--test-concurrency=2"],
    ...testFiles(),
  ]);
} catch (error) {
  reportFault(error);
}
