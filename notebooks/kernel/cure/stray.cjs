"use strict";
/** What is thrown where no cell waits for it: in a timer, in a promise. */
const { setTimeout: wait } = require("node:timers/promises");
const { describeFailure } = require("./failure.cjs");

/** Takes a report of what was thrown; set by whoever sends messages. */
let tell = () => {};

/** Hands every such error on, in the place of tslab's printing of it. */
exports.catchStray = (report) => {
  tell = report;
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.removeAllListeners(event);
    process.on(event, (thrown) => tell(describeStray(event, thrown)));
  }
};

const kinds = {
  uncaughtException:
    "thrown outside of any cell's waiting: in a timer or event",
  unhandledRejection: "of a promise that no cell awaits",
};

function describeStray(event, thrown) {
  const report = describeFailure({ thrown });
  const [head, ...rest] = report.traceback;
  const from = /cell (\d+)/.exec(rest.join("\n"))?.[1];
  const origin = from === undefined ? "" : `; from cell ${from}`;
  const traceback = [head, `  (${kinds[event]}${origin})`, ...rest];
  return { ...report, traceback };
}

/** Lets what a cell left behind fail before the cell is called fine. */
exports.untilStraysCame = () => wait(1);

const pause = 20; // ms

/** What keeps Node from ending, besides the kernel itself: timers, requests. */
function nRunning() {
  const kernelsOwn = /^(?:TTYWrap|PipeWrap|FSEventWrap|StatWatcher)$/;
  return process
    .getActiveResourcesInfo()
    .filter((kind) => !kernelsOwn.test(kind)).length;
}

/**
 * Waits for what cells left running, `seconds` at most.
 *
 * @returns how many timers and requests still run
 */
exports.untilSettled = async (seconds) => {
  const deadline = performance.now() + 1000 * seconds;
  await wait(1);
  while (nRunning() > 0 && performance.now() < deadline) {
    await wait(pause, undefined, { ref: false });
  }
  return nRunning();
};
