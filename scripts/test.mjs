/**
 * `npm test`: sets up what is missing, then runs all tests.
 *
 * `npm test -- engine pal/connector` runs the files whose path has one of the
 * words.
 */
import { relative, sep } from "node:path";
import { ArgumentError, readArguments } from "./setup/arguments.mjs";
import { root } from "./setup/paths.mjs";
import { inherit } from "./setup/spawn.mjs";
import { filesBelow } from "./setup/stamp.mjs";
import { reportFault, setUp } from "./setup.mjs";

const command = {
  name: "test",
  help: `npm test -- [words]

Sets up what is missing, then runs all tests, or the files whose path has one
of the words: npm test -- engine pal/connector`,
  rest: "words",
};

/** Test files that match a word, or all of them. */
function testFiles(words) {
  const files = filesBelow(`${root}${sep}test`, (path) =>
    path.endsWith(".test.ts"),
  ).map((path) => relative(root, path));
  const chosen = files.filter(
    (path) => words.length === 0 || words.some((word) => path.includes(word)),
  );
  if (chosen.length === 0) {
    throw new ArgumentError(
      `test: expected a word of a test file's path, got ` +
        `"${words.join(" ")}"; the files: ${files.join(", ")}`,
    );
  }
  return chosen;
}

async function main(words) {
  const files = testFiles(words);
  await setUp({ command: "npm test" });
  process.exitCode = await inherit(process.execPath, [
    ...["--import", "tsx", "--test", "--test-concurrency=2"],
    ...files,
  ]);
}

try {
  const options = readArguments(command);
  if (options) await main(options.rest);
} catch (error) {
  reportFault(error);
}
