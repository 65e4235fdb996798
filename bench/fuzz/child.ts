/**
 * Reads inputs one after the other and says how each ended. The parent names a
 * file of kinds on the command line and an input in each message.
 */
import { pathToFileURL } from "node:url";
import { inputOf, kindNamed, type Place } from "./inputs.ts";
import type { Kind } from "./kind.ts";
import { judge } from "./outcome.ts";

const { kinds }: { kinds: readonly Kind[] } = await import(
  pathToFileURL(process.argv[2]).href
);

const tick = () => new Promise((resolve) => setImmediate(resolve));

process.on("message", async (place: Place) => {
  const kind = kindNamed(kinds, place.kind);
  const judged = await judge(kind, inputOf(kind, place));
  // What the reader left behind may yet fail: that is this input's fault.
  await tick();
  await tick();
  process.send!(judged);
});
process.send!("ready");
