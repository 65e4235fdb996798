import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bytesOf, entry, file, open } from "./support.ts";

const two = new Float32Array([1.5, -2]);

describe("openSafetensors", () => {
  it("reads numbers of every type as float32 or int32", async () => {
    const cases: [string, ArrayBufferView, number[]][] = [
      ["F64", new Float64Array([0.5, -3]), [0.5, -3]],
      ["F32", two, [1.5, -2]],
      // IEEE half precision: one, the largest, the smallest, minus infinity.
      [
        "F16",
        new Uint16Array([0x3c00, 0x7bff, 0x0001, 0xfc00]),
        [1, 65504, 2 ** -24, -Infinity],
      ],
      // The upper half of float32: 1, -2, 3.140625.
      ["BF16", new Uint16Array([0x3f80, 0xc000, 0x4049]), [1, -2, 3.140625]],
      ["I64", new BigInt64Array([-1n, 2147483647n]), [-1, 2147483647]],
      ["I32", new Int32Array([-2147483648]), [-2147483648]],
      ["I16", new Int16Array([-7]), [-7]],
      ["I8", new Int8Array([-7]), [-7]],
      ["U8", new Uint8Array([255]), [255]],
      // Any byte but 0 is true, as safetensors' own readers have it.
      ["BOOL", new Uint8Array([1, 0, 2, 255]), [1, 0, 1, 1]],
    ];
    for (const [dtype, stored, values] of cases) {
      const shape = [values.length];
      const place = entry(dtype, shape, [0, stored.byteLength]);
      const opened = await open(file({ x: place }, bytesOf(stored)));
      const read = await opened.read("x");
      assert.deepEqual([...read.values], values, dtype);
      assert.deepEqual(opened.tensors.get("x")?.shape, shape);
    }
  });

  it("reads a long tensor in pieces as it reads a short one", async () => {
    const length = 3_000_000; // more than one piece of 4 MiB
    const halves = Uint16Array.from({ length }, (_, i) => 0x3f80 + (i % 7));
    const opened = await open(
      file({ x: entry("BF16", [length], [0, 2 * length]) }, bytesOf(halves)),
    );
    const { values } = await opened.read("x");
    const wrong = values.findIndex((x, i) => x !== 1 + (i % 7) / 128);
    assert.equal(wrong, -1);
  });

  it("takes metadata, spaces at the end, scalars and empty tensors", async () => {
    const header = `${JSON.stringify({
      __metadata__: { format: "pt" },
      one: entry("F32", [], [0, 4]),
      none: entry("F32", [0, 3], [4, 4]),
      other: entry("F32", [1, 1], [4, 8]),
    })}   `;
    const opened = await open(file(header, bytesOf(two)));
    assert.deepEqual([...opened.tensors.keys()], ["one", "none", "other"]);
    assert.deepEqual([...(await opened.read("one")).values], [1.5]);
    assert.equal((await opened.read("none")).values.length, 0);
  });

  it("names a tensor that the file has not", async () => {
    const opened = await open(file({}));
    await assert.rejects(opened.read("y"), /unknown tensor "y" \(test\)/);
  });

  it("refuses a 64-bit number that does not fit", async () => {
    const long = new BigInt64Array([1n, 2n ** 40n]);
    const opened = await open(
      file({ x: entry("I64", [2], [0, 16]) }, bytesOf(long)),
    );
    await assert.rejects(opened.read("x"), /fit 32 bits, got 1099511627776/);
  });
});

it("refuses a 64-bit fraction that would become infinite", async () => {
  const doubles = new Float64Array([1, -1e300, Infinity]);
  const opened = await open(
    file({ x: entry("F64", [3], [0, 24]) }, bytesOf(doubles)),
  );
  await assert.rejects(opened.read("x"), /fit 32 bits, got -1e\+300/);
});

describe("a hostile safetensors header", () => {
  const data = bytesOf(two);
  const whole = file({ x: entry("F32", [2], [0, 8]) }, data);
  const longHeader = whole.slice();
  new DataView(longHeader.buffer).setBigUint64(0, 2n ** 63n, true);
  const at = (offsets: [number, number]) =>
    file({ x: entry("F32", [2], offsets) }, data);
  const cases: [string, Uint8Array, RegExp][] = [
    ["is cut short", whole.slice(0, 5), /at least 8 bytes, got 5/],
    ["has lost its last numbers", whole.slice(0, -3), /8 bytes.*, got 5/],
    ["is longer than the file", longHeader, /got 9223372036854775808/],
    ["is no JSON", file("{]"), /in JSON \(test\): .*expected a string/],
    ["is a list", file("[]"), /an object of tensors/],
    ["is not UTF-8", file(new Uint8Array([123, 0xff, 125])), /UTF-8/],
    ["nests deeply", file(`{"x":${"[".repeat(1e6)}`), /at most 3 levels/],
    [
      "names a tensor twice",
      file(`{"x":${JSON.stringify(entry("F32", [2], [0, 8]))},"x":0}`, data),
      /each name once, got "x" twice/,
    ],
    ["starts below 0", at([-8, 0]), /whole numbers from 0/],
    ["ends before it starts", at([8, 0]), /8 bytes.*offsets \[8,0\]/],
    ["ends behind the file", at([8, 16]), /one after the other/],
    ["has fewer bytes than its shape", at([0, 4]), /expected 8 bytes/],
    [
      "has a shape of 2^63",
      file(
        `{"x":{"dtype":"F32","shape":[9223372036854775808],` +
          `"data_offsets":[0,8]}}`,
        data,
      ),
      /2\^53 - 1, got \[9223372036854776000\]/,
    ],
    [
      "has a shape whose size overflows",
      file({ x: entry("F32", [2 ** 40, 2 ** 40], [0, 8]) }, data),
      /fewer than 2\^53 bytes/,
    ],
    [
      "has tensors that overlap",
      file(
        { x: entry("F32", [2], [0, 8]), y: entry("F32", [1], [4, 8]) },
        data,
      ),
      /one after the other, got bytes 4 to 8 after 8 \(tensor "y"/,
    ],
    [
      "leaves a gap",
      file({ x: entry("U8", [1], [0, 1]), y: entry("U8", [1], [7, 8]) }, data),
      /got bytes 7 to 8 after 1/,
    ],
    [
      "has a type that is none",
      file({ x: entry("F128", [], [0, 8]) }, data),
      /a type of F64, .*got "F128"/,
    ],
    ["has an entry that is none", file({ x: 3 }, data), /got nothing/],
    ["has a shape that is none", file('{"x":{"dtype":"F32"}}'), /a shape/],
  ];
  for (const [what, bytes, message] of cases) {
    it(`is refused if it ${what}`, async () => {
      await assert.rejects(open(bytes), message);
    });
  }

  it("may name a tensor as an object's inner part is named", async () => {
    const header = { ["__proto__"]: entry("F32", [2], [0, 8]) };
    const text = JSON.stringify(header);
    const opened = await open(file(text, data));
    assert.deepEqual([...opened.tensors.keys()], ["__proto__"]);
  });
});
