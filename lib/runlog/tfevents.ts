import crc32c from "crc-32/crc32c.js";
import * as proto from "../files/proto.ts";
import type { MetricsLine } from "./metrics.ts";

/**
 * Event files as TensorBoard reads them: records, each with one `Event`.
 *
 * Written by hand: tfjs-node's own writer needs its binding, and so would leave
 * the engines without it without a log. The fields are those of TensorFlow's
 * `event.proto` and `summary.proto`.
 */
const event = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, session: 7 };
const sessionStart = 1;

/** Records before the first step's. */
export const headRecords = 2;

/**
 * What a file begins with: its version, and that a session starts.
 *
 * A TensorBoard that is open drops what it had read of `step` and later ones.
 *
 * @param step - the first one to come
 */
export function eventsHead(time: Date, step: number): Uint8Array {
  const at = wallTime(time);
  const start = [proto.integer(1, sessionStart)];
  return Buffer.concat([
    record([at, proto.text(event.fileVersion, "brain.Event:2")]),
    record([
      at,
      proto.integer(event.step, step),
      proto.message(event.session, start),
    ]),
  ]);
}

/** A step's numbers as one event, a scalar for each. */
export function eventOf(line: MetricsLine): Uint8Array {
  const values = scalarsOf(line).map(([tag, value]) =>
    proto.message(1, [proto.text(1, tag), proto.float(2, value)]),
  );
  return record([
    wallTime(new Date(line.time)),
    proto.integer(event.step, line.step),
    proto.message(event.summary, values),
  ]);
}

/** Tags as TensorBoard groups them, by what stands before the slash. */
function scalarsOf(line: MetricsLine): (readonly [string, number])[] {
  const norms = Object.entries(line.gradientNorms).map(
    ([group, norm]) => [`gradient_norm/${group || "all"}`, norm] as const,
  );
  return [
    ["train/loss", line.loss],
    ["train/rate", line.rate],
    ...norms,
    ["speed/tokens_per_second", line.tokensPerSecond],
    ["speed/wait_ms", line.waitMs],
    ["memory/rss_bytes", line.rssBytes],
    ["memory/tensor_bytes", line.tensorBytes],
  ];
}

/** In seconds since 1970. */
function wallTime(time: Date): Uint8Array {
  return proto.double(event.wallTime, time.getTime() / 1000);
}

/** Length, its checksum, the message, and the checksum of that. */
function record(fields: readonly Uint8Array[]): Uint8Array {
  const message = Buffer.concat(fields);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(message.length));
  return Buffer.concat([length, masked(length), message, masked(message)]);
}

/** A CRC-32C as TFRecord stores it: turned by 15 bits, plus a constant. */
function masked(bytes: Uint8Array): Uint8Array {
  const sum = crc32c.buf(bytes) >>> 0;
  const turned = ((sum >>> 15) | (sum << 17)) >>> 0;
  const out = Buffer.alloc(4);
  out.writeUInt32LE((turned + 0xa282_ead8) % 2 ** 32);
  return out;
}
