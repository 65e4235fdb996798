"use strict";
/** Sends all that a cell prints. */
const { setImmediate: nextTurn } = require("node:timers/promises");

/**
 * zeromq with a publishing socket that keeps what cannot be sent at once.
 *
 * About 500 messages can be sent without a pause; then `send` throws EBUSY,
 * and tslab would lose the output, and the reply with it.
 */
exports.zeromqWithQueue = (zeromq) => {
  class Publisher extends zeromq.Publisher {
    #waiting = [];

    constructor(options) {
      super({ ...options, sendHighWaterMark: 0 });
    }

    send(message) {
      if (this.#waiting.length > 0) {
        this.#waiting.push(message);
      } else if (!this.#sendNow(message)) {
        this.#waiting.push(message);
        this.#sendWaiting();
      }
      return Promise.resolve();
    }

    /** @returns whether the socket took the message */
    #sendNow(message) {
      try {
        super.send(message);
        return true;
      } catch (error) {
        if (error.code === "EBUSY") return false;
        throw error;
      }
    }

    async #sendWaiting() {
      while (this.#waiting.length > 0 && !this.closed) {
        const batch = this.#waiting;
        let sent = 0;
        while (sent < batch.length && this.#sendNow(batch[sent])) sent++;
        batch.splice(0, sent);
        await nextTurn();
      }
    }
  }
  return { ...zeromq, Publisher };
};
