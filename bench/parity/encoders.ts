import * as tf from "@tensorflow/tfjs";
import type { StoredTensor } from "../../lib/checkpoint/checkpoint.ts";
import { stretchFrames } from "../../lib/encoder/bicubic.ts";
import type { EncoderDeclaration } from "../../lib/encoder/declaration.ts";
import { clap } from "../../lib/encoder/declared/clap.ts";
import { sslam } from "../../lib/encoder/declared/sslam.ts";
import { stageGrid } from "../../lib/encoder/htsat-config.ts";
import { disposeTensors } from "../../lib/tensor/params.ts";
import {
  collector,
  type Fixture,
  input,
  type Kind,
  numbersOf,
  toStored,
} from "./fixture.ts";

const isOf =
  (network: EncoderDeclaration) =>
  ({ model }: Fixture) =>
    model !== undefined && network.isOf(model);

/** The picture of the official code has an axis of one channel. */
function picture(fixture: Fixture): tf.Tensor3D {
  const { shape, values } = input(fixture, "input");
  const [B, , F, L] = shape;
  return tf.tensor3d(values, [B, F, L]);
}

const withShape = (
  { values }: StoredTensor,
  shape: readonly number[],
): StoredTensor => ({ values, shape });

export const sslamKind: Kind = {
  name: "sslam",
  isOf: isOf(sslam),
  inputs: ["input"],
  tolerance: () => ({ max: 1e-5 }),
  run: async (fixture) => {
    const config = sslam.configOf(fixture.config);
    const weights = await sslam.load(fixture.model!, config);
    const last = `block${config.nLayers - 1}`;
    const { found, tap } = collector((hook) => {
      if (hook === "hook_patch") return "patch";
      if (hook === "hook_embed") return "pre_norm";
      return /^blocks\.(\d+)\.hook_resid_post$/
        .exec(hook)?.[0]
        .replace(/^blocks\.(\d+)\..*$/, "block$1");
    });
    tf.tidy(() => {
      sslam.run(weights, picture(fixture), { config, tap });
    });
    disposeTensors(weights);
    // The fixture's output keeps the leading token, as the last block has it.
    return found.set("output", found.get(last)!);
  },
};

export const htsatKind: Kind = {
  name: "htsat",
  isOf: isOf(clap),
  inputs: ["input"],
  tolerance: () => ({ max: 2e-5 }),
  run: async (fixture) => {
    const config = clap.configOf(fixture.config);
    const weights = await clap.load(fixture.model!, config);
    const { found, tap } = collector((hook) => {
      if (hook === "hook_mel_norm") return "bn";
      if (hook === "hook_image") return "image";
      if (hook === "hook_embed") return "hidden_0";
      const stage = /^stages\.(\d+)\.hook_out$/.exec(hook)?.[1];
      return stage && `hidden_${Number(stage) + 1}`;
    });
    tf.tidy(() => {
      const features_BPE = clap.run(weights, picture(fixture), { config, tap });
      const [B, P, E] = features_BPE.shape;
      const grid = stageGrid(config, config.depths.length - 1);
      const steps = (grid * config.imageSize) / config.melBands;
      const last = features_BPE
        .reshape<tf.Tensor4D>([B, steps, P / steps, E])
        .transpose([0, 3, 2, 1]);
      found.set("last_hidden_state", toStored(last));
      found.set("pooler_output", toStored(features_BPE.mean(1)));
    });
    disposeTensors(weights);
    return inOfficialLayout(found, config.depths.length);
  },
};

/** Pictures get their channel; cells go to (channel, row, column). */
function inOfficialLayout(
  found: Map<string, StoredTensor>,
  nStages: number,
): Map<string, StoredTensor> {
  for (const name of ["bn", "image"]) {
    const tensor = found.get(name)!;
    const [B, rows, columns] = tensor.shape;
    found.set(name, withShape(tensor, [B, 1, rows, columns]));
  }
  for (let i = 0; i <= nStages; i++) {
    const { shape, values } = found.get(`hidden_${i}`)!;
    const [B, P, E] = shape;
    const grid = Math.sqrt(P);
    found.set(
      `hidden_${i}`,
      numbersOf(() =>
        tf.tensor4d(values, [B, grid, grid, E]).transpose([0, 3, 1, 2]),
      ),
    );
  }
  return found;
}

export const bicubicKind: Kind = {
  name: "bicubic",
  isOf: ({ config, io }) => io.has("x") && io.has("y") && "a" in config,
  inputs: ["x"],
  tolerance: () => ({ max: 5e-6 }),
  run: async (fixture) => {
    const { a, align_corners } = fixture.config;
    if (a !== -0.75 || align_corners !== true) {
      throw new RangeError(
        `parity: expected a = -0.75 and align_corners, got ${a} and ` +
          `${align_corners} (${fixture.folder})`,
      );
    }
    const [B, C, F, L] = input(fixture, "y").shape;
    const { shape, values } = input(fixture, "x");
    const y = numbersOf(() => {
      const x_BFL = tf.tensor3d(values, [B * C, shape[2], shape[3]]);
      const turned_BLF = stretchFrames(x_BFL, F).transpose([0, 2, 1]);
      return stretchFrames(turned_BLF as tf.Tensor3D, L).transpose([0, 2, 1]);
    });
    return new Map([["y", withShape(y, [B, C, F, L])]]);
  },
};
