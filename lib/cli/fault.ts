/** What the system's codes mean, and what helps. */
const meanings: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ["nothing is there", "check the path"],
  ENOTDIR: ["a part of it is no folder", "check the path"],
  EISDIR: ["it is a folder", "name a file"],
  EEXIST: ["something else is there", "choose another path"],
  EACCES: ["it is not allowed", "choose a folder of yours"],
  EPERM: ["it is not allowed", "choose a folder of yours"],
  EROFS: ["the disk is read-only", "choose a folder that can be written"],
  ENOSPC: ["the disk is full", "free some, then run it again"],
};

const wishes: Readonly<Record<string, string>> = {
  mkdir: "to make the folder",
  open: "to open",
  rename: "to rename",
  scandir: "to read the folder",
  stat: "to find",
  statfs: "to ask for the free disk of",
  write: "to write",
};

/**
 * An error as a line: what was expected, what came, where, what helps.
 *
 * Our own errors say so themselves; the system's are put into these words.
 */
export function faultLine(command: string, error: unknown): string {
  if (!(error instanceof Error)) return `${command}: ${String(error)}`;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error.message;
  const [meaning, remedy] = meanings[code] ?? [error.message, ""];
  const wish = wishes[syscall] ?? `to ${syscall}`;
  const downloads = path?.includes("pal-lab")
    ? "; PAL_CACHE is the folder of downloads"
    : "";
  return (
    `${command}: expected ${wish}${path ? ` ${path}` : ""}, ` +
    `got ${code}: ${meaning}${remedy && `; ${remedy}`}${downloads}`
  );
}

/** Ends in silence when whoever reads the output, as `head`, has enough. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
}
