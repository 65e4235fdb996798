import { clapMel, clapMelOptions } from "../../lib/audio/clap-mel.ts";
import { type FbankOptions, fbank, sslamFbank } from "../../lib/audio/fbank.ts";
import type { Mel } from "../../lib/audio/mel.ts";
import { resample } from "../../lib/audio/resample.ts";
import type { StoredTensor } from "../../lib/checkpoint/checkpoint.ts";
import { fieldsOf } from "../../lib/checkpoint/config-fields.ts";
import { type Fixture, input, type Kind } from "./fixture.ts";

/** Samples from -1 to 1; whole numbers are those of 16 bits. */
export function samplesOf(fixture: Fixture, name: string): Float32Array {
  const { values } = input(fixture, name);
  const whole = values instanceof Int32Array ? 2 ** 15 : 1;
  return Float32Array.from(values, (x) => x / whole);
}

const framesOf = ({ nBands, nFrames, values }: Mel): StoredTensor => ({
  shape: [nFrames, nBands],
  values,
});

export const fbankKind: Kind = {
  name: "fbank",
  isOf: ({ io }) => io.has("wave") && io.has("fbank"),
  inputs: ["wave"],
  tolerance: () => ({ max: 2e-3, mean: 1e-4 }),
  run: async (fixture) => {
    const fields = fieldsOf("parity", fixture.config);
    const sampleRate = fields.count("sr", sslamFbank.sampleRate);
    const options = {
      ...kaldiAt(sampleRate),
      nBands: fields.count("num_mel_bins", sslamFbank.nBands),
    };
    const wave = samplesOf(fixture, "wave");
    const mean = wave.reduce((sum, x) => sum + x, 0) / wave.length;
    const frames = fbank(
      wave.map((x) => x - mean),
      options,
    );
    return new Map([["fbank", framesOf(frames)]]);
  },
};

/** Kaldi counts its windows in milliseconds and pads them to a power of two. */
function kaldiAt(sampleRate: number): FbankOptions {
  const windowLength = Math.floor(0.025 * sampleRate);
  return {
    ...sslamFbank,
    sampleRate,
    windowLength,
    hopLength: Math.floor(0.01 * sampleRate),
    fftLength: 2 ** Math.ceil(Math.log2(windowLength)),
    highest: sampleRate / 2,
  };
}

export const clapMelKind: Kind = {
  name: "clapmel",
  isOf: ({ io }) => io.has("wave") && io.has("mel"),
  inputs: ["wave"],
  tolerance: () => ({ max: 5e-3, mean: 1e-4 }),
  run: async (fixture) => {
    const fields = fieldsOf("parity", fixture.config);
    const sampleRate = fields.count("sr", clapMelOptions.sampleRate);
    const options = {
      ...clapMelOptions,
      sampleRate,
      nSamples: Math.round(sampleRate * fields.positive("max_length_s", 10)),
    };
    const frames = clapMel(samplesOf(fixture, "wave"), options);
    return new Map([["mel", framesOf(frames)]]);
  },
};

export const resampleKind: Kind = {
  name: "resample",
  isOf: ({ config, io }) =>
    io.has("x") && io.has("y") && "o" in config && "n" in config,
  inputs: ["x"],
  tolerance: () => ({ max: 5e-5 }),
  run: async (fixture) => {
    const fields = fieldsOf("parity", fixture.config);
    const to = fields.count("n", 0);
    const x = samplesOf(fixture, "x");
    const values = resample(x, fields.count("o", 0), { to });
    return new Map([["y", { shape: [values.length], values }]]);
  },
};
