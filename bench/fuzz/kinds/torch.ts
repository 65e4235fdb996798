import { openSafetensors } from "../../../lib/checkpoint/safetensors.ts";
import { memorySource, readBytes } from "../../../lib/checkpoint/source.ts";
import { openTorch } from "../../../lib/checkpoint/torch/torch.ts";
import { locate, readZip } from "../../../lib/checkpoint/torch/zip.ts";
import type { Random } from "../../../lib/tensor/random.ts";
import { damageBytes } from "../damage.ts";
import type { Input, Kind } from "../kind.ts";
import { storedZip } from "../zip.ts";
import { fixture } from "./fixtures.ts";
import { difference, readAll, type Tensors, wrongCount } from "./tensors.ts";

/** Files of PyTorch and the twin of each. */
const twins: Readonly<Record<string, string>> = {
  "plain.pt": "plain.safetensors",
  "plain-protocol-4.pt": "plain.safetensors",
  "training.pt": "training.safetensors",
  "views.pt": "views.safetensors",
};

const seeds = () =>
  Object.keys(twins).map((name) => ({ name, bytes: fixture("torch", name) }));

async function twinOf({ name }: Input): Promise<Tensors> {
  const bytes = fixture("torch", twins[name]);
  return readAll(await openSafetensors(memorySource(bytes, twins[name])));
}

const read = async (bytes: Uint8Array) =>
  readAll(await openTorch(memorySource(bytes, "fuzzed")));

/**
 * Damaged archives. Checksums cover all that matters, so what is accepted has
 * the numbers of the original.
 */
export const torchArchives: Kind = {
  name: "torch-archive",
  seeds,
  mutate: damageBytes,
  judge: async (input) => {
    const tensors = await read(input.bytes);
    return wrongCount(tensors) ?? difference(tensors, await twinOf(input));
  },
};

/** The files of an archive, by the tests' own short reading of it. */
async function filesOf(bytes: Uint8Array) {
  const source = memorySource(bytes, "seed");
  const found: [string, Uint8Array][] = [];
  for (const [name, entry] of await readZip(source)) {
    const at = await locate(source, entry);
    found.push([name, await readBytes(source, at, entry.size)]);
  }
  return found;
}

const mark = "/data.pkl";

/** Instructions, and pieces of programs, as text of bytes. */
const pieces = (
  "( ) 0 1 2 N K\x05 J\x00\x00\x00\x7f K\x00\x85 \x86 t e a u s } ] b R Q " +
  "h\x00 h\x02 h\x03 q\x00 \x94 \x8a\x01\xff \x88 \x93 \x81 . " +
  "ccollections\nOrderedDict\n cos\nsystem\n"
).split(" ");

/** Instructions that copy a long list, or settings of many fields, often. */
function costly(chance: Random): string {
  const pairs = "NN\x86".repeat(chance.pick([100, 20_000]));
  const fields = "K\x07N".repeat(chance.pick([100, 20_000]));
  const often = chance.pick([100, 50_000]);
  return chance.pick([
    `ccollections\nOrderedDict\nq\x000](${pairs}eq\x010` +
      "h\x00h\x01\x85R0".repeat(often),
    `}(${fields}uq\x000cargparse\nNamespace\n)R${"h\x00b".repeat(often)}`,
    "}0".repeat(10 * often),
    `(${"}".repeat(10 * often)}t0`,
  ]);
}

/** One instruction put in, perhaps very often, or in another's place. */
function damageProgram(bytes: Uint8Array, chance: Random): Uint8Array {
  if (chance.integer(0, 1) === 0) return damageBytes(bytes, chance);
  const put = (text: string, at: number, rest: number) => {
    const middle = Buffer.from(text, "latin1");
    return Buffer.concat([bytes.slice(0, at), middle, bytes.slice(rest)]);
  };
  // After the two bytes that name the protocol, where the stack is empty.
  if (chance.integer(0, 7) === 0) return put(costly(chance), 2, 2);
  const piece = [chance.pick(pieces), chance.pick(pieces), chance.pick(pieces)]
    .slice(chance.integer(0, 2))
    .join("");
  const many = piece.repeat(chance.pick([1, 1, 1, 1000, 100_000]));
  const at = chance.integer(0, bytes.length);
  return put(many, at, at + chance.integer(0, 2));
}

/**
 * Damaged programs in archives whose checksums are right.
 *
 * A program may rightly say something else, so only counts are judged. The
 * input is the program; the archive is made around it.
 */
export const torchPickles: Kind = {
  name: "torch-pickle",
  seeds: () =>
    seeds().map(({ bytes, name }) => ({ name, bytes: programOf(bytes) })),
  mutate: damageProgram,
  judge: async (input) => {
    const files = await filesOf(fixture("torch", input.name));
    const archive = storedZip(
      files.map(([name, data]) => [
        name,
        name.endsWith(mark) ? input.bytes : data,
      ]),
    );
    const tensors = await read(archive);
    const wrong = wrongCount(tensors);
    if (wrong || !input.isIntact) return wrong;
    return difference(tensors, await twinOf(input));
  },
};

/** The stored program: its bytes follow its name in the first header. */
function programOf(archive: Uint8Array): Uint8Array {
  const file = Buffer.from(archive);
  const entry = file.lastIndexOf(mark);
  const header = file.lastIndexOf("PK\x01\x02", entry, "latin1");
  const size = file.readUInt32LE(header + 24);
  const local = file.readUInt32LE(header + 42);
  const start =
    local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
  return archive.slice(start, start + size);
}
