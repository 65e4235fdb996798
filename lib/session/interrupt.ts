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
      controller?.abort(new Error("interrupted"));
      controller = new AbortController();
    });
  }
  return controller.signal;
}
