/** What happens to the running commands when set-up is stopped. */

/** Seconds that a command may take to end when it is asked to. */
const timeToEnd = 3;
const watchEvery = 500; // ms
const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** The running commands; `ended` settles when one is gone. */
const commands = new Set();
/** What takes away what a command has half made. */
const undoings = new Set();
let stopping = false;

/** True once set-up was stopped: nothing is to be begun or reported any more. */
export const isStopping = () => stopping;

/** Ends a command and all that it started. */
function signalGroup(pid, signal) {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH" && error.code !== "EPERM") throw error;
  }
}

/** An end that nobody waits for, as of a reader: nothing is left running. */
process.on("exit", () => {
  for (const { pid } of commands) signalGroup(pid, "SIGKILL");
});

/** Keeps count of a running command, so that it ends when set-up does. */
export function watchCommand(child, ended) {
  const command = { pid: child.pid, ended };
  commands.add(command);
  return () => commands.delete(command);
}

/** Asks a process and what it started to end, then ends it. */
export async function endGroup(pid, ended) {
  signalGroup(pid, "SIGTERM");
  const late = new Promise((resolve) => {
    setTimeout(resolve, timeToEnd * 1000, "late");
  });
  if ((await Promise.race([ended, late])) !== "late") {
    signalGroup(pid, "SIGKILL"); // what it started and left behind
    return;
  }
  signalGroup(pid, "SIGKILL");
  await ended;
}

/**
 * Does the work; if set-up is stopped or the work fails, undoes it.
 *
 * @param undo - synchronous; called when nothing runs any more
 */
export async function wholeOrNot(undo, work) {
  undoings.add(undo);
  try {
    return await work();
  } catch (error) {
    undo();
    throw error;
  } finally {
    if (!stopping) undoings.delete(undo);
  }
}

async function stop(signal, again) {
  if (stopping) {
    for (const { pid } of commands) signalGroup(pid, "SIGKILL");
    return;
  }
  stopping = true;
  process.stdout.write("\nInterrupted. ");
  await Promise.all(
    [...commands].map(({ pid, ended }) => endGroup(pid, ended)),
  );
  for (const undo of undoings) undo();
  process.stdout.write(`Nothing is half-made: ${again} continues.\n`);
  process.exit(codes[signal]);
}

/**
 * Ends the running commands on Ctrl-C and its like, waits for their end, and
 * takes away what they have half made; what is finished stays finished.
 *
 * Where npm started this, its end is a signal too: a killed npm passes none on.
 *
 * @returns a function after which signals do what they did before
 */
function stopOnInterrupt(again) {
  const listeners = Object.keys(codes).map((signal) => {
    const listener = () => void stop(signal, again);
    process.on(signal, listener);
    return [signal, listener];
  });
  const parent = process.ppid;
  const look = () => {
    if (process.ppid !== parent) void stop("SIGTERM", again);
  };
  const byNpm = process.env.npm_lifecycle_event !== undefined;
  const timer = byNpm ? setInterval(look, watchEvery).unref() : undefined;
  return () => {
    clearInterval(timer);
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}

/** Does the work with signals as `stopOnInterrupt` has them. */
export async function stoppable(again, work) {
  const letSignals = stopOnInterrupt(again);
  try {
    return await work();
  } finally {
    letSignals();
  }
}
