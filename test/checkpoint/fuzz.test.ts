import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { openSafetensors } from "../../lib/checkpoint/safetensors.ts";
import { memorySource, readBytes } from "../../lib/checkpoint/source.ts";
import { readPickle } from "../../lib/checkpoint/torch/pickle.ts";
import { allowTorch } from "../../lib/checkpoint/torch/rebuild.ts";
import { openTorch } from "../../lib/checkpoint/torch/torch.ts";
import { locate, readZip } from "../../lib/checkpoint/torch/zip.ts";
import { fixtures } from "./support.ts";

/** Files in each of the four runs; the issue asks for 2,000 together. */
const numRuns = 800;

const byte = fc.nat(255);
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

/** One damage to a file; places are shares of its length. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), place, byte }),
  fc.record({ kind: fc.constant("flip" as const), place, byte: fc.nat(7) }),
  fc.record({ kind: fc.constant("cut" as const), place }),
  fc.record({ kind: fc.constant("drop" as const), place }),
  fc.record({ kind: fc.constant("insert" as const), place, byte }),
  fc.record({
    kind: fc.constant("long" as const),
    place,
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
);

type Damage = typeof damage extends fc.Arbitrary<infer D> ? D : never;

function mutate(original: Uint8Array, damages: readonly Damage[]): Uint8Array {
  let bytes = original.slice();
  for (const d of damages) {
    const at = Math.floor(d.place * bytes.length);
    const parts = [bytes.subarray(0, at), bytes.subarray(at)];
    if (d.kind === "cut") bytes = parts[0].slice();
    if (bytes.length === 0) return bytes;
    if (d.kind === "set") bytes[at] = d.byte;
    if (d.kind === "flip") bytes[at] ^= 1 << d.byte;
    if (d.kind === "drop") bytes = join2(parts[0], [], parts[1].subarray(1));
    if (d.kind === "insert") bytes = join2(parts[0], [d.byte], parts[1]);
    if (d.kind === "long" && at + 8 <= bytes.length) {
      new DataView(bytes.buffer).setBigUint64(at, d.value, true);
    }
  }
  return bytes;
}

function join2(a: Uint8Array, b: readonly number[], c: Uint8Array) {
  return Uint8Array.from([...a, ...b, ...c]);
}

/** Does `work`, or fails with an error of ours, in bounded time. */
async function survives(work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await work().catch((error: unknown) => {
    const { message } = error as Error;
    assert.match(message, /^\w+: (expected|unknown|cannot) /, String(error));
  });
  const seconds = (performance.now() - start) / 1000;
  assert.ok(seconds < 2, `took ${seconds.toFixed(1)} s`);
}

async function readAll(checkpoint: Checkpoint, nBytes: number): Promise<void> {
  for (const name of checkpoint.tensors.keys()) {
    const { shape, values } = await checkpoint.read(name);
    const size = shape.reduce((product, n) => product * n, 1);
    assert.equal(values.length, size);
    assert.ok(values.length <= nBytes);
  }
}

/** Damages a file in many ways; `read` must survive them all. */
async function fuzz(
  original: Uint8Array,
  read: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const damages = fc.array(damage, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(damages, (list) =>
      survives(() => read(mutate(original, list))),
    ),
    { numRuns, seed: 17 },
  );
}

describe("damaged checkpoints", () => {
  const bytesIn = (name: string) =>
    new Uint8Array(readFileSync(join(fixtures, "torch", name)));
  const cases = [
    ["plain.safetensors", openSafetensors],
    ["plain.pt", openTorch],
    ["training.pt", openTorch],
  ] as const;
  for (const [name, open] of cases) {
    it(`${numRuns} of ${name} are read or refused clearly`, () =>
      fuzz(bytesIn(name), async (bytes) =>
        readAll(await open(memorySource(bytes, "fuzzed")), bytes.length),
      ));
  }

  it(`${numRuns} pickles behind a right checksum are, too`, async () => {
    const source = memorySource(bytesIn("training.pt"), "training.pt");
    const files = [...(await readZip(source)).values()];
    const entry = files.find(({ name }) => name.endsWith("data.pkl"))!;
    const at = await locate(source, entry);
    const program = await readBytes(source, at, entry.size);
    await fuzz(program, async (bytes) => void readPickle(bytes, allowTorch));
  });
});
