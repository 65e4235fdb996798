import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openCheckpoint } from "../../../lib/checkpoint/checkpoint.ts";
import { Namespace } from "../../../lib/checkpoint/torch/machine.ts";
import { readPickle } from "../../../lib/checkpoint/torch/pickle.ts";
import { allowTorch } from "../../../lib/checkpoint/torch/rebuild.ts";
import { fixtures } from "../support.ts";
import { pickle, tensor } from "./support.ts";

const torch = (name: string) => join(fixtures, "torch", name);

async function contents(path: string) {
  const checkpoint = await openCheckpoint(path);
  const found: Record<string, unknown> = {};
  for (const [name, { dtype }] of checkpoint.tensors) {
    found[name] = { dtype, ...(await checkpoint.read(name)) };
  }
  await checkpoint.close();
  return found;
}

describe("openTorch", () => {
  for (const name of ["plain.pt", "plain-protocol-4.pt"]) {
    it(`reads the tensors of ${name} as their safetensors twin has them`, async () => {
      const read = await contents(torch(name));
      assert.deepEqual(read, await contents(torch("plain.safetensors")));
      assert.equal(Object.keys(read).length, 13);
    });
  }

  it("finds the model in what a training program saved", async () => {
    assert.deepEqual(
      await contents(torch("training.pt")),
      await contents(torch("training.safetensors")),
    );
  });

  it("reads views, repeated numbers and the negative bit as PyTorch does", async () => {
    const read = await contents(torch("views.pt"));
    const twin = await contents(torch("views.safetensors"));
    assert.deepEqual(Object.keys(read).sort(), Object.keys(twin).sort());
    for (const name of Object.keys(twin)) {
      assert.deepEqual(read[name], twin[name], name);
    }
  });

  it("refuses complex numbers, conjugate or not, by their type", async () => {
    await assert.rejects(
      openCheckpoint(torch("conjugate.pt")),
      /got "torch.ComplexFloatStorage", which is refused/,
    );
  });

  it("reads the part of a tuple that is named, and lists them all", async () => {
    const pair = torch("pair.pt");
    const opened = await openCheckpoint(pair, { part: "0" });
    assert.deepEqual([...opened.tensors.keys()], ["weight", "bias"]);
    assert.deepEqual([...(await opened.read("bias")).values], [0.5, 1.5]);
    await opened.close();
    const parts =
      /got parts "0" \(a dict of 2 tensors\), "1" \(a dict of no tensor\)/;
    await assert.rejects(openCheckpoint(pair), parts);
    await assert.rejects(openCheckpoint(pair), /by the option `part`$/);
    await assert.rejects(openCheckpoint(pair, { part: "2" }), parts);
    await assert.rejects(
      openCheckpoint(pair, { part: "1" }),
      /expected a dict of tensors, .* in part "1", got keys "train" \(a list/,
    );
  });

  it("refuses a part of a file that has none", async () => {
    await assert.rejects(
      openCheckpoint(torch("plain.safetensors"), { part: "0" }),
      /expected a PyTorch file for part "0", got another/,
    );
  });

  it("refuses a pickle that names os.system and runs nothing", async () => {
    await assert.rejects(
      openCheckpoint(torch("evil.pt")),
      /expected tensors and plain data, got "posix.system", which is refused/,
    );
    assert.ok(!existsSync("evil-ran"));
  });

  it("tells how to mend a file of the old format", async () => {
    await assert.rejects(
      openCheckpoint(torch("legacy.pt")),
      /before PyTorch 1.6 .*torch.save it anew/,
    );
  });
});

describe("readPickle", () => {
  const read = (...parts: readonly (string | number)[]) =>
    readPickle(pickle(...parts), allowTorch);

  it("builds plain values", () => {
    // pickletools.dis(pickle.dumps({"a": [1, -2.0, None, True], "b": (3,)}, 2))
    const found = read(
      0x80,
      2,
      "}q",
      0,
      "(X",
      1,
      0,
      0,
      0,
      "aq",
      1,
      "]q",
      2,
      "(K",
      1,
      "G",
      0xc0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      "N",
      0x88,
      "e",
      "X",
      1,
      0,
      0,
      0,
      "bq",
      3,
      "K",
      3,
      0x85,
      "q",
      4,
      "u.",
    );
    assert.deepEqual(
      found,
      new Map<string, unknown>([
        ["a", [1, -2, null, true]],
        ["b", [3]],
      ]),
    );
  });

  it("tells names apart that differ in a mark of byte order", () => {
    const marked = [0x8c, 4, "\xef\xbb\xbfa", "N"];
    const found = read("}(", ...marked, ...[0x8c, 1, "aN"], "u.");
    assert.deepEqual(
      [...(found as Map<string, null>).keys()],
      ["\ufeffa", "a"],
    );
  });

  it("keeps the settings of a namespace as data", () => {
    const found = read(
      "cargparse\nNamespace\n",
      ")",
      0x81,
      "}",
      "X",
      1,
      0,
      0,
      0,
      "a",
      "K",
      7,
      "sb.",
    );
    assert.ok(found instanceof Namespace);
    assert.equal(found.get("a"), 7);
  });

  it("passes over a number that numpy kept", () => {
    // pickle.dumps(numpy.float64(1.5), 2), its memo left out
    const found = read(
      ...["cnumpy.core.multiarray\nscalar\n", "cnumpy\ndtype\n"],
      ...["X", 2, 0, 0, 0, "f8", 0x89, 0x88, 0x87, "R(K", 3],
      ...["X", 1, 0, 0, 0, "<", "NNNJ", 255, 255, 255, 255],
      ...["J", 255, 255, 255, 255, "K", 0, "tb", "c_codecs\nencode\n"],
      ...["X", 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0xb8, "?"],
      ...["X", 6, 0, 0, 0, "latin1", 0x86, "R", 0x86, "R."],
    );
    assert.equal(found, null);
  });

  for (const name of [
    "os\nsystem",
    "posix\nsystem",
    "builtins\neval",
    "__builtin__\ngetattr",
    "torch._utils\n__class__",
    "collections\nOrderedDict.__init__",
    "constructor\nconstructor",
    "torch.nn.modules.linear\nLinear",
  ]) {
    it(`refuses ${name.replace("\n", ".")} by its name`, () => {
      const message = `got "${name.replace("\n", ".")}", which is refused`;
      assert.throws(() => read("c", `${name}\n`, "."), {
        name: "TypeError",
        message: new RegExp(message.replaceAll(".", "\\.")),
      });
      const [module, attribute] = name.split("\n");
      const stacked = [
        ...[0x8c, module.length, module],
        ...[0x8c, attribute.length, attribute],
      ];
      assert.throws(() => read(...stacked, 0x93, "."), { name: "TypeError" });
    });
  }

  const faults: [string, Uint8Array, RegExp][] = [
    ["has broken text", pickle(0x8c, 2, 0xc3, 0x28, "."), /UTF-8, got .* 2\)/],
    ["has no end", pickle("N"), /the end mark/],
    ["ends within a number", pickle("J", 1, 2), /expected 4 bytes at 1, got 2/],
    ["takes from nothing", pickle("0."), /an empty stack/],
    ["closes what was not opened", pickle("t."), /expected a mark/],
    ["asks for what it did not keep", pickle("h", 3, "."), /memo 3/],
    ["calls a storage", pickle("ctorch\nFloatStorage\n)R."), /a maker to call/],
    ["calls a number", pickle("K", 1, ")R."), /a call of a known name/],
    ["adds to a number", pickle("K", 1, "Na."), /a list to add to/],
    ["sets in a list", pickle("]NNs."), /pairs for a dict/],
    ["uses an extension", pickle(0x82, 1, "."), /plain data, got 0x82/],
    ["makes an instance the old way", pickle("(ios\nsystem\n."), /got 0x69/],
    ["leaves two values", pickle("NN."), /one value at the end, got 2/],
    ["holds a vast number", pickle(0x8b, 0, 1, 0, 0), /at most 64 bytes/],
    ["loads what is no storage", pickle("NQ."), /a storage of numbers/],
    ["never ends", pickle("N0".repeat(4_300_000)), /at most \d+ units of work/],
    ["makes a tensor another", pickle(...tensor(), ")b."), /a dict to build/],
  ];
  for (const [what, bytes, message] of faults) {
    it(`refuses a program that ${what}`, () => {
      assert.throws(() => readPickle(bytes, allowTorch), message);
    });
  }
});
