/** Which versions of Node serve, and which were tried. */
import { SetupError } from "./run.mjs";

/** @public for its test */
export const leastNode = [20, 19];

/**
 * Those of `npm run bench -- nodes`, and when each gets no more mending.
 *
 * @public for the bench and its test
 */
export const triedNodes = [
  { major: 20, end: "2026-04-30" },
  { major: 22, end: "2027-04-30" },
  { major: 24, end: "2028-04-30" },
];

const numbersOf = (version) => version.replace("v", "").split(".").map(Number);

/**
 * @throws SetupError where a version, such as `process.version`, is too old
 */
export function checkNode(version = process.version) {
  const [major, minor] = numbersOf(version);
  const old =
    major < leastNode[0] || (major === leastNode[0] && minor < leastNode[1]);
  if (old) {
    throw new SetupError(
      `expected Node ${leastNode.join(".")} or newer, got ${version}`,
      "install a newer Node, then run this again",
    );
  }
}

/** A version, whether it was tried, and whether it is still mended. */
export function describeNode(version, today = new Date()) {
  const [major] = numbersOf(version);
  const tried = triedNodes.find((node) => node.major === major);
  const names = triedNodes.map((node) => node.major).join(", ");
  const parts = [`tried: ${names}`];
  if (tried === undefined) parts.unshift("not tried here");
  else if (new Date(tried.end) < today) {
    parts.unshift(`past its end of life (${tried.end})`);
  }
  return `${version}; ${parts.join("; ")}`;
}
