"use strict";
/** The parts of Jupyter's protocol that tslab leaves out or gets wrong. */
const { writeSync } = require("node:fs");
const Module = require("node:module");
const { inspectCall } = require("./inspect.cjs");
const { untilSettled } = require("./stray.cjs");
const { reportStrays, runningRequest, takeTurn } = require("./turns.cjs");

/** A kernel that was told to end does, whatever its cells left running. */
const timeToEnd = 500;

exports.repairServer = (jupyter, mainFile) => {
  const { JupyterHandlerImpl, ZmqServer } = jupyter;
  const { close, handleKernelInfo, handleShellMessage, init, publishStatus } =
    ZmqServer.prototype;
  Object.assign(ZmqServer.prototype, {
    handleCommInfoRequest,
    publish,
    tellState: publishStatus,
    handleExecute(_socket, message) {
      return takeTurn(this, message);
    },
    init() {
      reportStrays(this); // tslab has set its own listeners just before
      return init.call(this);
    },
    /** A cell tells its own state; beside it, others leave the kernel busy. */
    publishStatus(state, message) {
      if (message.header.msg_type === "execute_request") return;
      publishStatus.call(this, state, message);
      const running = runningRequest();
      if (state === "idle" && running)
        publishStatus.call(this, "busy", running);
    },
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
        await answerUnknown(this, socket, message);
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
  const { createWriteToIopub, handleInspect, handleKernel } =
    JupyterHandlerImpl.prototype;
  const ts = Module.createRequire(mainFile)("@tslab/typescript-for-tslab");
  Object.assign(JupyterHandlerImpl.prototype, {
    handleInspect(request) {
      return inspectCall(ts, request, (each) => handleInspect.call(this, each));
    },
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

function publish(type, content, parent) {
  const report = parent.createReply();
  report.header.msg_type = type;
  report.content = content;
  report.signAndSend(this.connInfo.key, this.iopub);
}

/** Replies to what tslab does not know, by the request's name. */
const answers = {
  history_request: () => ["history_reply", { history: [] }],
  /** Our runner's, at a notebook's end. */
  pal_settle_request: async ({ seconds }) => {
    const nLeft = await untilSettled(seconds);
    return ["pal_settle_reply", { left: nLeft }];
  },
};

/** What nobody knows goes to the log, not into a cell. */
async function answerUnknown(server, socket, message) {
  const { msg_type } = message.header;
  if (!Object.hasOwn(answers, msg_type)) {
    writeSync(2, `pal-lab kernel: no answer to ${msg_type}\n`);
    return;
  }
  const [type, content] = await answers[msg_type](message.content);
  const reply = message.createReply();
  reply.header.msg_type = type;
  reply.content = { status: "ok", ...content };
  reply.signAndSend(server.connInfo.key, socket);
}

/** tslab answers under another message's name, and the client waits on. */
function handleCommInfoRequest(socket, message) {
  const reply = message.createReply();
  reply.header.msg_type = "comm_info_reply";
  reply.content = { status: "ok", comms: {} };
  reply.signAndSend(this.connInfo.key, socket);
}
