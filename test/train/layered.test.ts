import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type { Variant } from "../../lib/pal/design/variant.ts";
import {
  disposeTensors,
  leaves,
  namedLeaves,
  toPlain,
} from "../../lib/tensor/params.ts";
import { startAdamw } from "../../lib/train/adamw.ts";
import { type DesignPlan, openTraining } from "../../lib/train/design.ts";
import { openStepper } from "../../lib/train/stepper.ts";
import {
  begin,
  disposeProgress,
  type TrainReport,
} from "../../lib/train/training.ts";
import { assertClose } from "../close.ts";
import { gatedCrossAttention } from "../pal/run/gated-cross-attention.ts";
import { design, designs, modelOf } from "../pal/support.ts";
import { temporaryFolder } from "../temporary.ts";
import { startEngine } from "../use-engine.ts";
import { tinyPlan } from "./tiny-plan.ts";

const gated: Variant = {
  ...design("attention-only"),
  name: "gated-cross-attention",
  audioPath: { part: gatedCrossAttention },
};

/** What a few steps tell, and where they lead. */
async function train(plan: DesignPlan, nSteps: number) {
  const model = modelOf(plan.config.variant);
  const { dispose, training } = openTraining(plan, model);
  const start = begin(training);
  const stepper = openStepper(training, start);
  disposeProgress(start);
  const told: TrainReport[] = [];
  while (told.length < nSteps) told.push(await stepper.next());
  const progress = stepper.progress();
  stepper.dispose();
  dispose();
  disposeTensors(model);
  return { told, progress };
}

describe("a step that is taken layer by layer", () => {
  const folder = temporaryFolder();
  before(startEngine);

  for (const variant of [...designs, gated]) {
    for (const trains of ["connector", "connector+llm"] as const) {
      it(`trains as one graph does: ${variant.name}, ${trains}`, async () => {
        const plan = { ...tinyPlan(variant), trains };
        const held = tf.memory().numTensors;
        const whole = await train(plan, 4);
        const layered = await train({ ...plan, compiles: "layers" }, 4);
        for (const [i, report] of layered.told.entries()) {
          const { gradientNorms, loss, tokens } = whole.told[i];
          assertClose([report.loss], [loss], { rtol: 1e-5 });
          assertClose(
            Object.values(report.gradientNorms),
            Object.values(gradientNorms),
            { rtol: 1e-4 },
          );
          assert.equal(report.tokens, tokens);
        }
        const [a, b] = [layered, whole].map(({ progress }) => progress.state);
        for (const [i, [name, leaf]] of namedLeaves(a).entries()) {
          assert.equal(name, namedLeaves(b)[i][0]);
          assertClose(leaf, leaves(b)[i], { atol: 1e-4 });
        }
        disposeTensors([a, b]);
        assert.equal(tf.memory().numTensors, held);
      });
    }
  }

  it("keeps moments in files as in memory, and takes them away", async () => {
    const plan = { ...tinyPlan(design("attention-only")), compiles: "layers" };
    const inMemory = await train(plan as DesignPlan, 3);
    const moments = { folder: join(folder, "moments") };
    const inFiles = await train({ ...plan, moments } as DesignPlan, 3);
    assert.deepEqual(
      toPlain(inFiles.progress.state),
      toPlain(inMemory.progress.state),
    );
    assert.ok(!existsSync(join(moments.folder, "mean")));
    disposeTensors([inMemory.progress.state, inFiles.progress.state]);
  });

  it("goes on from where it stood with the same bytes", async () => {
    const plan = { ...tinyPlan(design("baseline")), compiles: "layers" };
    const model = modelOf(plan.config.variant);
    const { dispose, training } = openTraining(plan as DesignPlan, model);
    const first = openStepper(training, begin(training));
    for (let i = 0; i < 2; i++) await first.next();
    const half = first.progress();
    for (let i = 0; i < 3; i++) await first.next();
    const again = openStepper(training, half);
    for (let i = 0; i < 3; i++) await again.next();
    const states = [first, again].map((one) => one.progress().state);
    assert.deepEqual(toPlain(states[1]), toPlain(states[0]));
    for (const one of [first, again]) one.dispose();
    dispose();
    disposeTensors([...states, half.state, model]);
  });

  it("refuses a loss that leaves a parameter out", async () => {
    const stepper = openStepper(
      {
        name: "net",
        params: { used: tf.scalar(1), idle: tf.scalar(1) },
        frozen: [] as [],
        loss: ({ used }: { used: tf.Scalar; idle: tf.Scalar }) => used.square(),
        batchAt: () => [] as [],
        compiles: "layers",
        schedule: { steps: 1, peakLearningRate: 1, warmupRatio: 0 },
      },
      {
        step: 0,
        state: startAdamw({ used: tf.scalar(1), idle: tf.scalar(1) }),
      },
    );
    await assert.rejects(stepper.next(), {
      message:
        "openLayered: expected a loss that every parameter counts in, got " +
        "one without idle (net)",
    });
    stepper.dispose();
  });
});
