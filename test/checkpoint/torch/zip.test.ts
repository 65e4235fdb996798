import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { memorySource } from "../../../lib/checkpoint/source.ts";
import { locate, readZip } from "../../../lib/checkpoint/torch/zip.ts";

interface Options {
  /** Sizes and places in 64 bits, as in archives beyond 4 GiB. */
  readonly isLarge?: boolean;
  readonly method?: number;
  readonly flags?: number;
  readonly comment?: string;
}

/** A record of little-endian numbers: [value, bytes] each. */
function record(...fields: readonly (readonly [number, 2 | 4 | 8])[]) {
  return fields.flatMap(([value, bytes]) =>
    Array.from({ length: bytes }, (_, i) =>
      Number((BigInt(value) >> BigInt(8 * i)) & 0xffn),
    ),
  );
}

/** An archive of the files, by the zip application note, version 6.3.10. */
function zip(
  files: readonly (readonly [string, string])[],
  { comment = "", flags = 0, isLarge = false, method = 0 }: Options = {},
): Uint8Array {
  const text = (s: string) => [...new TextEncoder().encode(s)];
  const all = 0xffffffff;
  const bytes: number[] = [];
  const directory: number[] = [];
  for (const [name, data] of files) {
    const at = bytes.length;
    const size = data.length;
    const lock = "\0".repeat(flags & 1 ? 12 : 0); // an encrypted file's header
    const packed = lock.length + size;
    bytes.push(
      ...record([0x04034b50, 4], [20, 2], [flags, 2], [method, 2]),
      ...record([0, 4], [crc32(data), 4], [packed, 4], [size, 4]),
      ...record([name.length, 2], [0, 2]),
      ...text(name),
      ...text(lock + data),
    );
    const extra = isLarge
      ? record([7, 2], [2, 2], [0, 2], [1, 2], [24, 2]).concat(
          record([size, 8], [packed, 8], [at, 8]),
        )
      : [];
    const small = (n: number) => (isLarge ? all : n);
    directory.push(
      ...record([0x02014b50, 4], [20, 2], [20, 2], [flags, 2], [method, 2]),
      ...record([0, 4], [crc32(data), 4], [small(packed), 4], [small(size), 4]),
      ...record([name.length, 2], [extra.length, 2], [0, 2], [0, 2], [0, 2]),
      ...record([0, 4], [small(at), 4]),
      ...text(name),
      ...extra,
    );
  }
  const at = bytes.length;
  bytes.push(...directory);
  if (isLarge) {
    const end = bytes.length;
    bytes.push(
      ...record([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4]),
      ...record([files.length, 8], [files.length, 8]),
      ...record([directory.length, 8], [at, 8]),
      ...record([0x07064b50, 4], [0, 4], [end, 8], [1, 4]),
    );
  }
  const nth = isLarge ? 0xffff : files.length;
  bytes.push(
    ...record([0x06054b50, 4], [0, 2], [0, 2], [nth, 2], [nth, 2]),
    ...record([isLarge ? all : directory.length, 4], [isLarge ? all : at, 4]),
    ...record([comment.length, 2]),
    ...text(comment),
  );
  return Uint8Array.from(bytes);
}

async function unzip(bytes: Uint8Array): Promise<Record<string, string>> {
  const source = memorySource(bytes, "test");
  const found: Record<string, string> = {};
  for (const [name, entry] of await readZip(source)) {
    const at = await locate(source, entry);
    const text = bytes.subarray(at, at + entry.size);
    found[name] = new TextDecoder().decode(text);
  }
  return found;
}

const files = [
  ["a/data.pkl", "pickle"],
  ["a/data/0", "numbers"],
  ["a/empty", ""],
] as const;

describe("readZip", () => {
  for (const options of [{}, { comment: "a remark" }, { isLarge: true }]) {
    it(`finds stored files with ${JSON.stringify(options)}`, async () => {
      assert.deepEqual(
        await unzip(zip(files, options)),
        Object.fromEntries(files),
      );
    });
  }

  const whole = zip(files);
  const flipped = Uint8Array.from(whole);
  flipped[Buffer.from(whole).indexOf("numbers") + 3] ^= 1;
  const cases: [string, Uint8Array, RegExp][] = [
    ["compressed files", zip(files, { method: 8 }), /got a compressed one/],
    ["encrypted files", zip(files, { flags: 1 }), /got an encrypted one/],
    ["a name twice", zip([files[0], files[0]]), /"a\/data.pkl" twice/],
    [
      "a changed bit",
      flipped,
      /^Error: locate: expected bytes of CRC-32 [0-9a-f]{8} in "a\/data\/0", got/,
    ],
    ["a lost end", whole.slice(0, -30), /got End of central directory record/],
    [
      "a lost start",
      whole.slice(9),
      /invalid central directory file header|invalid local file header/,
    ],
    ["nothing", new Uint8Array(0), /got End of central directory record/],
  ];
  for (const [what, bytes, message] of cases) {
    it(`refuses an archive with ${what}`, async () => {
      await assert.rejects(unzip(bytes), message);
    });
  }
});
