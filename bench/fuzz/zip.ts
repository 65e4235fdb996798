import { crc32, deflateRawSync } from "node:zlib";

export type Files = readonly (readonly [name: string, data: Uint8Array])[];

/** A zip archive of stored files with right checksums, as PyTorch writes it. */
export const storedZip = (files: Files) => zipOf(files);

/** A zip archive of deflated files, as wheels are. */
export const deflatedZip = (files: Files) => zipOf(files, deflateRawSync);

function zipOf(
  files: Files,
  deflate?: (data: Uint8Array) => Uint8Array,
): Uint8Array {
  const locals: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, data] of files) {
    const title = Buffer.from(name);
    const packed = deflate?.(data) ?? data;
    const common = Buffer.alloc(26); // from "version needed" on
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(title.length, 22);
    locals.push(word(0x04034b50), common, title, packed);
    const rest = Buffer.alloc(14); // comment, disk, attributes, place
    rest.writeUInt32LE(at, 10);
    directory.push(word(0x02014b50), Buffer.of(20, 0), common, rest, title);
    at += 30 + title.length + packed.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...locals, listed, word(0x06054b50), end]);
}

function word(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
