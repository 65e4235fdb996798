import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

/**
 * One message of Jupyter's protocol 5.3.
 *
 * `parent` is empty in a request; in what comes back it is the request's
 * header, which tells whose outputs these are.
 */
export interface Message {
  readonly header: Header;
  readonly parent: Partial<Header>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, unknown>>;
}

export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
  readonly username: string;
  /** ISO 8601. */
  readonly date: string;
  readonly version: string;
}

const delimiter = "<IDS|MSG>";
const protocolVersion = "5.3";

/** A request with a fresh id, dated now. */
export function request(
  type: string,
  content: Message["content"],
  session: string,
): Message {
  const header: Header = {
    msg_id: randomUUID(),
    msg_type: type,
    session,
    username: "pal-lab",
    date: new Date().toISOString(),
    version: protocolVersion,
  };
  return { header, parent: {}, metadata: {}, content };
}

/** Hex HMAC-SHA256 of the four JSON frames, in their order, under the key. */
export function signatureOf(
  key: string,
  frames: readonly (string | Buffer)[],
): string {
  const hmac = createHmac("sha256", key);
  for (const frame of frames) hmac.update(frame);
  return hmac.digest("hex");
}

/** Frames for the socket: delimiter, signature, and the message's four parts. */
export function toFrames(message: Message, key: string): string[] {
  const { content, header, metadata, parent } = message;
  const parts = [header, parent, metadata, content].map((part) =>
    JSON.stringify(part),
  );
  return [delimiter, signatureOf(key, parts), ...parts];
}

/**
 * The message in a socket's frames, its signature checked.
 *
 * Identities before the delimiter (on iopub: the topic) are left out.
 */
export function fromFrames(frames: readonly Buffer[], key: string): Message {
  const at = frames.findIndex((frame) => frame.toString() === delimiter);
  if (at < 0) {
    throw new Error(
      `fromFrames: expected the delimiter ${delimiter} in a message, ` +
        `got ${frames.length} frames without it`,
    );
  }
  const signature = frames[at + 1];
  const parts = frames.slice(at + 2, at + 6);
  if (parts.length !== 4) {
    throw new Error(
      `fromFrames: expected 4 frames after the signature, got ${parts.length}`,
    );
  }
  const expected = Buffer.from(signatureOf(key, parts));
  if (
    signature.length !== expected.length ||
    !timingSafeEqual(signature, expected)
  ) {
    throw new Error(
      "fromFrames: expected a message signed with the connection's key, " +
        "got another signature",
    );
  }
  const [header, parent, metadata, content] = parts.map((part) =>
    JSON.parse(part.toString("utf8")),
  );
  return { header, parent, metadata, content };
}
