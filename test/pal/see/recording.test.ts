import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { runLlama } from "../../../lib/llm/llama.ts";
import { paperConnector } from "../../../lib/pal/connector/config.ts";
import type { Variant } from "../../../lib/pal/design/variant.ts";
import { hearText, runAudioLlm } from "../../../lib/pal/run/audio-llm.ts";
import { hookPoints } from "../../../lib/pal/see/hooks.ts";
import {
  planRecording,
  type RecordOptions,
  record,
} from "../../../lib/pal/see/recording.ts";
import { replace, type Tap } from "../../../lib/tensor/tap.ts";
import { assertClose, distance } from "../../close.ts";
import { startEngine } from "../../use-engine.ts";
import {
  A,
  clip,
  configOf,
  design,
  designs,
  modelOf,
  T,
  textOf,
  tokens,
} from "../support.ts";

const inputOf = (variant: Variant) => ({
  text_BT: textOf([tokens]),
  features: clip(variant),
});

function recordOf(variant: Variant, options: Omit<RecordOptions, "config">) {
  const config = configOf(variant);
  return record(modelOf(variant), inputOf(variant), { config, ...options });
}

describe("hookPoints", () => {
  before(startEngine);

  for (const variant of designs) {
    it(`${variant.name}: names all that a run shows, with its shape`, () => {
      const config = configOf(variant);
      const shown = new Map<string, number[]>();
      const see: Tap = (name, x) => {
        assert.ok(!shown.has(name), `${name} is shown twice`);
        shown.set(name, x.shape);
        return x;
      };
      const tap = Object.assign(see, { wants: () => true });
      runAudioLlm(modelOf(variant), inputOf(variant), { config, tap });
      const points = hookPoints(config, { B: 1, T });
      assert.deepEqual(
        Object.fromEntries(points.map(({ name, shape }) => [name, shape])),
        Object.fromEntries(shown),
      );
    });
  }

  it("names all that a language model alone shows", () => {
    const { llama: config } = configOf(design("baseline"));
    const { llama } = modelOf(design("baseline"));
    const text_BT = textOf([tokens]);
    const whole = record(llama, { text_BT }, { config, select: "*" });
    assert.equal(whole.names.length, hookPoints(config, { B: 1, T }).length);
    for (const { name, shape } of hookPoints(config, { B: 1, T })) {
      assert.deepEqual(whole.get(name).shape, shape, name);
    }
    const want = runLlama(llama, text_BT, { config });
    assertClose(whole.logits_BTV, want.dataSync(), { atol: 1e-5 });
    const options = { config, select: "*hook_pattern", answerAt: 5 };
    const part = record(llama, { text_BT }, { ...options, asking: "answer" });
    assert.equal(part.get("pattern", 0).shape[2], T - 5);
    assert.deepEqual(part.axes("pattern", 0).k?.[0], {
      group: "question",
      index: 0,
      position: 0,
    });
    whole.dispose();
    part.dispose();
  });

  it("names rounds and shared parts of a connector as it shows them", () => {
    for (const name of ["shared-connector", "shared-projection"]) {
      const base = configOf(design(name));
      const connector = { ...base.connector, depth: 2 };
      const names = hookPoints({ ...base, connector }, { B: 1, T })
        .map((point) => point.name)
        .filter((hook) => hook.startsWith("connector"));
      assert.deepEqual(names, [
        "connector.rounds.0.hook_pattern",
        "connector.rounds.1.hook_pattern",
        "connector.hook_latents",
        ...(name === "shared-connector"
          ? [1, 2, 3].map((layer) => `connector.${layer}.hook_out`)
          : ["connector.hook_out"]),
      ]);
    }
  });

  it("labels who asks and who answers", () => {
    const points = hookPoints(configOf(design("attention-only")), {
      B: 1,
      T,
      answerAt: 5,
    });
    const axes = points.find(
      ({ name }) => name === "blocks.2.attn.hook_pattern",
    )!.axes;
    const groups = axes.map(({ axis, role, tokens: refs }) => ({
      axis,
      role,
      groups: refs.map(({ group }) => group),
    }));
    const text = [
      ...["system", "system"],
      ...["question", "question", "question", "answer"],
    ];
    assert.deepEqual(groups, [
      { axis: 2, role: "q", groups: text },
      { axis: 3, role: "k", groups: [...Array(A).fill("audio"), ...text] },
    ]);
    assert.deepEqual(
      axes[1].tokens.slice(-4).map(({ position }) => position),
      [10, 11, 12, 13],
    );
  });
});

describe("record", () => {
  before(startEngine);

  it("does not change what a run computes", () => {
    for (const variant of designs) {
      const plain = runAudioLlm(modelOf(variant), inputOf(variant), {
        config: configOf(variant),
      });
      const recording = recordOf(variant, { select: (name) => name !== "" });
      assertClose(recording.logits_BTV, plain, { atol: 1e-5 });
      recording.dispose();
    }
  });

  it("keeps what a last layer's reader would read", () => {
    const variant = design("attention-only");
    const recording = recordOf(variant, { select: "*.hook_resid_post" });
    const heard = hearText(modelOf(variant), inputOf(variant), {
      config: configOf(variant),
    });
    assertClose(recording.get("resid_post", -1), heard, { atol: 0 });
    recording.dispose();
  });

  it("keeps chosen tokens of both axes, and says which", () => {
    const variant = design("attention-only");
    const select = "blocks.2.attn.hook_pattern";
    const whole = recordOf(variant, { select, answerAt: 5 });
    const part = recordOf(variant, {
      select,
      answerAt: 5,
      asking: ["question"],
      answering: ({ group, index }) => group === "audio" && index >= 6,
    });
    assertClose(
      part.get("pattern", 2),
      whole.get("pattern", 2).slice([0, 0, 2, 6], [1, 4, 3, 2]),
      { atol: 0 },
    );
    const { k, q } = part.axes("pattern", 2);
    assert.deepEqual(
      q!.map(({ index }) => index),
      [0, 1, 2],
    );
    assert.deepEqual(
      k!.map(({ position }) => position),
      [8, 9],
    );
    assert.equal(part.bytes, 4 * 4 * 3 * 2);
    whole.dispose();
    part.dispose();
  });

  it("sees what another tap has changed", () => {
    const variant = design("baseline");
    const hook = "blocks.1.hook_mlp_out";
    const tap = replace(hook, (x) => tf.zerosLike(x));
    const recording = recordOf(variant, {
      tap,
      select: [hook, "blocks.1.hook_resid_*"],
    });
    assert.equal(recording.get(hook).abs().max().dataSync()[0], 0);
    assertClose(recording.get("resid_mid", 1), recording.get("resid_post", 1));
    const plain = recordOf(variant, { select: hook });
    assert.ok(distance(plain.logits_BTV, recording.logits_BTV) > 1e-4);
    plain.dispose();
    recording.dispose();
  });

  it("refuses a changed activation of another shape", () => {
    const tap = replace("blocks.1.hook_mlp_out", () => tf.zeros([1]));
    assert.throws(
      () => recordOf(design("baseline"), { tap, select: "hook_embed" }),
      {
        name: "RangeError",
        message:
          "replace: expected shape [1,14,16], got [1] (blocks.1.hook_mlp_out)",
      },
    );
  });

  it("frees everything, also where a tap throws", () => {
    const variant = design("multi-encoder");
    const [model, input] = [modelOf(variant), inputOf(variant)];
    const options = { config: configOf(variant), select: "*.hook_resid_pre" };
    const held = tf.memory().numTensors;
    record(model, input, options).dispose();
    const tap = replace("blocks.2.hook_resid_mid", () => {
      throw new Error("no further");
    });
    assert.throws(
      () => record(model, input, { ...options, tap }),
      /no further/,
    );
    assert.equal(tf.memory().numTensors, held);
  });

  it("says how large a recording would be before it runs", () => {
    const variant = design("attention-only");
    const config = {
      ...configOf(variant),
      connector: { ...paperConnector, query: { steps: 4, bands: 2 } },
    };
    const { bytes, points } = planRecording(inputOf(variant), {
      config,
      select: "*.hook_resid_pre",
    });
    assert.equal(points.length, 4);
    assert.equal(bytes, 4 * 4 * T * 16);
    assert.throws(
      () => recordOf(variant, { select: "*.hook_resid_pre", limitBytes: 1000 }),
      /record: expected at most 0.00 GiB, got 0.00 GiB \(4 activations\); sel/,
    );
  });
});
