"use strict";
/** One cell after the other, each with its state, its errors and its reply. */
const { writeSync } = require("node:fs");
const { cells } = require("./cells.cjs");
const { takeFailure } = require("./executor.cjs");
const { describeFailure } = require("./failure.cjs");
const { openStreams } = require("./streams.cjs");
const { catchStray, untilStraysCame } = require("./stray.cjs");

/** A request made before a failure but read this long after it, in ms. */
const stillQueued = 1000;

/** The turn that is on, or the last one: who gets what comes in between. */
let turn;
let lastTurn = Promise.resolve();
let failedAt = Number.NEGATIVE_INFINITY;

/**
 * Runs one request after the other and answers as the protocol says.
 *
 * @param server - with `publish(type, content, parent)` and `tellState`
 */
exports.takeTurn = (server, message) => {
  lastTurn = lastTurn.then(async () => {
    // Only now: the state that a client shows is the last one it was told.
    server.tellState("busy", message);
    const reply = message.createReply();
    reply.header.msg_type = "execute_reply";
    reply.content = await run(server, message);
    reply.signAndSend(server.connInfo.key, server.shell);
    server.tellState("idle", message);
  });
  return lastTurn;
};

/** The request whose cell runs, or undefined. */
exports.runningRequest = () => (turn?.runs ? turn.message : undefined);

/** From now on errors that no cell waits for go to the cell of the moment. */
exports.reportStrays = (server) => {
  catchStray((report) => {
    if (turn === undefined) {
      writeSync(2, `pal-lab kernel: ${report.traceback.join("\n")}\n`);
      return;
    }
    turn.streams.flush();
    server.publish("error", report, turn.message);
    turn.stray ??= report;
  });
};

/** Whether the client had sent this before it knew of the last failure. */
function isAborted(message) {
  const sent = Date.parse(message.header.date);
  return sent < failedAt && Date.now() <= failedAt + stillQueued;
}

function begin(server, message) {
  const publish = (type, content) => server.publish(type, content, message);
  const streams = openStreams((name, text) =>
    publish("stream", { name, text }),
  );
  const publishAfter = (type, content) => {
    streams.flush();
    publish(type, content);
  };
  turn = { message, publish: publishAfter, runs: true, streams };
  return turn;
}

async function run(server, message) {
  const { handler } = server;
  const request = message.content;
  if (isAborted(message)) return { status: "aborted" };

  const own = begin(server, message);
  const count = handler.execCount + 1;
  const answer = { execution_count: count, user_expressions: {}, payload: [] };
  cells.begin(count, request.code);
  if (!request.silent) {
    own.publish("execute_input", {
      code: request.code,
      execution_count: count,
    });
  }
  const failure = await execute(handler, request, own);
  const report = failure && describeFailure(failure);
  if (report) own.publish("error", report);
  await untilStraysCame();
  own.streams.flush();
  own.runs = false;
  if (request.silent) handler.execCount--;
  const fault = report ?? own.stray;
  if (fault === undefined) return { status: "ok", ...answer };
  if (request.stop_on_error !== false) failedAt = Date.now();
  return { status: "error", ...answer, ...fault };
}

/** @returns what the cell failed with, or undefined */
async function execute(handler, request, { publish, streams }) {
  try {
    await handler.handleExecuteImpl(request, streams.write, (data, update) =>
      publish(update ? "update_display_data" : "display_data", data),
    );
    return undefined;
  } catch (error) {
    // tslab throws a count when a cell fails; what failed was kept.
    return takeFailure() ?? { thrown: error };
  }
}
