import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { Inspected } from "../../lib/cli/inspect-tensor.ts";
import { bytesOf, entry, file, fixtures } from "../checkpoint/support.ts";

const root = resolve(import.meta.dirname, "..", "..");
const main = join(root, "lib", "cli", "main.ts");
const folder = mkdtempSync(join(tmpdir(), "pal-inspect-"));
after(() => rmSync(folder, { recursive: true }));

/** The command as its own process, for what it prints. */
function inspect(...args: readonly string[]) {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--import", "tsx", main, "inspect", ...args],
    { cwd: root, encoding: "utf8" },
  );
  return { code: status, stderr, stdout };
}

interface Answer {
  readonly tensors: readonly Inspected[];
  readonly refused?: readonly { readonly name: string }[];
}

function inspectJson(...args: readonly string[]) {
  const { code, stderr, stdout } = inspect(...args, "--json");
  return { code, stderr, answer: JSON.parse(stdout) as Answer };
}

/** A file of these tensors, one after the other. */
function write(
  name: string,
  tensors: readonly [string, string, readonly number[], ArrayBufferView][],
): string {
  const path = join(folder, name);
  let end = 0;
  const header: Record<string, object> = {};
  for (const [tensor, dtype, shape, { byteLength }] of tensors) {
    header[tensor] = entry(dtype, shape, [end, end + byteLength]);
    end += byteLength;
  }
  const data = Buffer.concat(tensors.map(([, , , values]) => bytesOf(values)));
  writeFileSync(path, file(header, data));
  return path;
}

const odd = write("odd.safetensors", [
  ["none", "F32", [0, 3], new Float32Array(0)],
  ["nan", "F32", [3], Float32Array.of(1, Number.NaN, 3)],
  ["infinite", "F32", [2], Float32Array.of(-Infinity, 2)],
  ["long", "I64", [2], BigInt64Array.of(1n, 2n ** 40n)],
  ["brain", "BF16", [2, 1], Uint16Array.of(0x3f80, 0xc000)],
]);

describe("pal inspect", () => {
  it("says of each tensor of a PyTorch file what PyTorch's twin holds", async () => {
    const path = join(fixtures, "torch", "views.pt");
    const { answer, code, stderr } = inspectJson(path, "--values", "100");
    assert.deepEqual([code, stderr], [0, ""]);
    const twin = await openCheckpoint(
      join(fixtures, "torch", "views.safetensors"),
    );
    assert.equal(answer.tensors.length, twin.tensors.size);
    for (const { max, mean, min, name, ...facts } of answer.tensors) {
      const { dtype } = twin.tensors.get(name)!;
      const { shape, values } = await twin.read(name);
      // JSON has no other way to write -0 than 0.
      const plain = Array.from(values, (value) => value + 0);
      assert.deepEqual(facts, { dtype, shape, values: plain }, name);
      if (values.length === 0) continue;
      assert.deepEqual([min, max], [Math.min(...values), Math.max(...values)]);
      const sum = plain.reduce((total, value) => total + value, 0);
      assert.equal(mean, sum / values.length);
    }
    await twin.close();
  });

  it("has words for numbers that JSON has not, and null for none", () => {
    const { answer, code } = inspectJson(odd, "--values", "2");
    assert.equal(code, 1);
    assert.deepEqual(answer.tensors, [
      {
        ...{ name: "none", dtype: "F32", shape: [0, 3] },
        ...{ min: null, max: null, mean: null, values: [] },
      },
      {
        ...{ name: "nan", dtype: "F32", shape: [3] },
        ...{ min: "NaN", max: "NaN", mean: "NaN", values: [1, "NaN"] },
      },
      {
        ...{
          name: "infinite",
          dtype: "F32",
          shape: [2],
          values: ["-Infinity", 2],
        },
        ...{ min: "-Infinity", max: 2, mean: "-Infinity" },
      },
      {
        ...{ name: "brain", dtype: "BF16", shape: [2, 1] },
        ...{ min: -2, max: 1, mean: -0.5, values: [1, -2] },
      },
    ]);
  });

  it("names what is refused, with the reason, and goes on", () => {
    const { answer, code, stderr } = inspectJson(odd);
    assert.deepEqual(
      answer.refused?.map(({ name }) => name),
      ["long"],
    );
    assert.match(stderr, /^refused: long: .* that fit 32 bits, got 109951162/);
    assert.equal(code, 1);
  });

  it("says why it refuses a whole file, as text and as JSON", () => {
    const evil = join(fixtures, "torch", "evil.pt");
    const { code, stderr, stdout } = inspect(evil);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^refused: .*evil\.pt: .*"posix\.system", which is ref/,
    );
    assert.equal(stdout, "0 tensors, 1 refused\n");
    const { answer } = inspectJson(evil);
    assert.deepEqual(answer.tensors, []);
    assert.deepEqual(
      answer.refused?.map(({ name }) => name),
      [evil],
    );
  });

  it("opens a folder of several files, and the part of a tuple", () => {
    const weight_map: Record<string, string> = {};
    for (const name of ["one", "two"]) {
      const values = Float32Array.of(name.length, 0.5);
      write(`${name}.safetensors`, [[name, "F32", [2], values]]);
      weight_map[name] = `${name}.safetensors`;
    }
    const index = join(folder, "model.safetensors.index.json");
    writeFileSync(index, JSON.stringify({ weight_map }));
    const { code, stdout } = inspect(folder, "--values", "1");
    assert.deepEqual(
      [code, stdout.split("\n").slice(0, 2)],
      [0, ["one  F32 [2]  min 0.5  max 3  mean 1.75", "  3"]],
    );
    const pair = join(fixtures, "torch", "pair.pt");
    assert.match(inspect(pair).stderr, /name the one to read/);
    const named = inspectJson(pair, "--part", "0");
    assert.deepEqual(
      named.answer.tensors.map(({ name }) => name),
      ["weight", "bias"],
    );
  });

  it("prints a stranger's names without control characters", () => {
    const path = write("names.safetensors", [
      ["a\u001b[2Jb\u202e", "U8", [1], Uint8Array.of(1)],
    ]);
    assert.match(inspect(path).stdout, /^a\[2Jb {2}U8 \[1\]/);
    const [{ name }] = inspectJson(path).answer.tensors;
    assert.equal(name, "a\u001b[2Jb\u202e");
  });

  for (const [args, message] of [
    [[], /expected one file or folder, got ""; --help tells more/],
    [["a", "b"], /expected one file or folder, got "a b"/],
    [
      ["a", "--values", "-1"],
      /a value after --values, got what looks like an option|--values as a whole number/,
    ],
    [["a", "--values", "1.5"], /--values as a whole number .*, got "1.5"/],
  ] as const) {
    it(`refuses ${args.join(" ") || "nothing"}, with exit code 2`, () => {
      const { code, stderr } = inspect(...args);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }
});
