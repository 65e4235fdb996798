/** Why a loop stopped before its end. A notebook shows it without a trace. */
class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor() {
    super(
      "expected to run to the end, got Ctrl-C or the stop button; run it " +
        "again: stages that had finished are recalled",
    );
  }
}

let controller: AbortController | undefined;

/**
 * A signal that the next Ctrl-C, or the notebook's stop button, aborts.
 *
 * Loops that take it stop at their next step and keep what they have; the
 * signal asked for after that is a new one.
 */
export function interruptSignal(): AbortSignal {
  if (controller === undefined) {
    controller = new AbortController();
    process.on("SIGINT", () => {
      controller?.abort(new Interrupted());
      controller = new AbortController();
    });
  }
  return controller.signal;
}
