"use strict";
/** The parts of Jupyter's protocol that tslab leaves out or gets wrong. */
const { writeSync } = require("node:fs");
const Module = require("node:module");
const { cells } = require("./cells.cjs");
const { takeFailure } = require("./executor.cjs");
const { describeFailure } = require("./failure.cjs");

/** A request made before a failure but read this long after it, in ms. */
const stillQueued = 1000;

/** A kernel that was told to end does, whatever its cells left running. */
const timeToEnd = 500;

exports.repairServer = (jupyter, mainFile) => {
  const { JupyterHandlerImpl, ZmqServer } = jupyter;
  const { close, handleKernelInfo, handleShellMessage } = ZmqServer.prototype;
  Object.assign(ZmqServer.prototype, {
    handleExecute,
    handleCommInfoRequest,
    handleKernelInfo(socket, message) {
      // tslab keeps the class to itself; every client asks for this first.
      this.Message = message.constructor;
      handleKernelInfo.call(this, socket, message);
    },
    async handleShellMessage(socket, ...frames) {
      const type = typeOf(frames);
      if (knownTypes.has(type) || this.Message === undefined) {
        await handleShellMessage.call(this, socket, ...frames);
      } else {
        const message = this.Message.fromRaw(this.connInfo.key, frames);
        this.publishStatus("busy", message);
        answerUnknown(this, socket, message);
        this.publishStatus("idle", message);
      }
    },
    close() {
      close.call(this);
      setTimeout(() => process.exit(0), timeToEnd).unref();
    },
  });
  const { version } = Module.createRequire(mainFile)(
    "@tslab/typescript-for-tslab/package.json",
  );
  const { createWriteToIopub, handleKernel } = JupyterHandlerImpl.prototype;
  Object.assign(JupyterHandlerImpl.prototype, {
    handleKernel() {
      const reply = handleKernel.call(this);
      const language_info = { ...reply.language_info, version };
      return { status: "ok", ...reply, language_info };
    },
    /** Calls back, as a stream's `write` must; tslab forgets to. */
    createWriteToIopub(name, writeStream) {
      const write = createWriteToIopub.call(this, name, writeStream);
      return (buffer, encoding, callback) => {
        const done = typeof encoding === "function" ? encoding : callback;
        if (done) process.nextTick(done);
        return write(buffer, encoding);
      };
    },
  });
  return jupyter;
};

/** The requests that tslab answers. */
const knownTypes = new Set([
  "comm_info_request",
  "complete_request",
  "execute_request",
  "inspect_request",
  "is_complete_request",
  "kernel_info_request",
  "shutdown_request",
]);

function typeOf(frames) {
  const at = frames.findIndex((frame) => frame.toString() === "<IDS|MSG>");
  return JSON.parse(frames[at + 2].toString()).msg_type;
}

/** Has no history; what it does not know goes to the log, not into a cell. */
function answerUnknown(server, socket, message) {
  const { msg_type } = message.header;
  if (msg_type !== "history_request") {
    writeSync(2, `pal-lab kernel: no answer to ${msg_type}\n`);
    return;
  }
  const reply = message.createReply();
  reply.header.msg_type = "history_reply";
  reply.content = { status: "ok", history: [] };
  reply.signAndSend(server.connInfo.key, socket);
}

let lastTurn = Promise.resolve();
let failedAt = Number.NEGATIVE_INFINITY;

/** Runs one request after the other and answers as the protocol says. */
async function handleExecute(socket, message) {
  const reply = message.createReply();
  reply.header.msg_type = "execute_reply";
  lastTurn = lastTurn.then(() => takeTurn(this, message));
  reply.content = await lastTurn;
  reply.signAndSend(this.connInfo.key, socket);
}

/** Whether the client had sent this before it knew of the last failure. */
function isAborted(message) {
  const sent = Date.parse(message.header.date);
  return sent < failedAt && Date.now() <= failedAt + stillQueued;
}

async function takeTurn(server, message) {
  const { handler } = server;
  const request = message.content;
  if (isAborted(message)) return { status: "aborted" };

  const publish = (type, content) => {
    const report = message.createReply();
    report.header.msg_type = type;
    report.content = content;
    report.signAndSend(server.connInfo.key, server.iopub);
  };
  const count = handler.execCount + 1;
  const answer = { execution_count: count, user_expressions: {}, payload: [] };
  cells.begin(count, request.code);
  if (!request.silent) {
    publish("execute_input", { code: request.code, execution_count: count });
  }
  try {
    await handler.handleExecuteImpl(
      request,
      (name, text) => publish("stream", { name, text }),
      (data, update) =>
        publish(update ? "update_display_data" : "display_data", data),
    );
    return { status: "ok", ...answer };
  } catch (error) {
    // tslab throws a count when a cell fails; what failed was kept.
    const failure = takeFailure() ?? { thrown: error };
    const report = describeFailure(failure);
    publish("error", report);
    if (request.stop_on_error !== false) failedAt = Date.now();
    return { status: "error", ...answer, ...report };
  } finally {
    if (request.silent) handler.execCount--;
  }
}

/** tslab answers under another message's name, and the client waits on. */
function handleCommInfoRequest(socket, message) {
  const reply = message.createReply();
  reply.header.msg_type = "comm_info_reply";
  reply.content = { status: "ok", comms: {} };
  reply.signAndSend(this.connInfo.key, socket);
}
