/** Of the system: no room on the disk, or none that is left to this user. */
const codes = ["ENOSPC", "EDQUOT"];

/** The system's code where an error, or what caused it, is a full disk. */
export function diskFullCode(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (code !== undefined && codes.includes(code)) return code;
  }
  return undefined;
}
