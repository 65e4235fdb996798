/**
 * Prints a line for people: of a sha256 in hex, its first eight digits.
 *
 * For whatever reports in lines, such as a training that goes on.
 */
export function say(line: string): void {
  console.log(line.replace(/\b([0-9a-f]{8})[0-9a-f]{56}\b/g, "$1"));
}
