import { resample } from "./resample.ts";

/** A compressed sound, and what it says of itself. */
export interface Mp3 {
  readonly bytes: Uint8Array;
  /** Hz; not always the rate of the samples. */
  readonly sampleRate: number;
  /** Constant, in kbit/s. */
  readonly bitRate: number;
}

/**
 * Little for a page, enough for sound up to 11 kHz, where LAME cuts. Constant:
 * players misjudge the length of a stream whose rate varies.
 */
const bitRate = 40;

/** The rates that MP3 has; above them 40 kbit/s would hold no more sound. */
const rates = [
  ...([8_000, 11_025, 12_000] as const), // MPEG 2.5
  ...([16_000, 22_050, 24_000] as const), // MPEG 2
  32_000, // MPEG 1
] as const;

/**
 * An MP3 of one channel, made by LAME; the same samples give the same bytes.
 *
 * Samples of another rate than MP3's are resampled, up if that can be. A
 * decoder's output begins about 1,100 samples late and ends later, with the
 * rest of a frame.
 *
 * @param samples - from -1 to 1
 * @param sampleRate - Hz, a whole number
 */
export async function encodeMp3(
  samples: Float32Array,
  sampleRate: number,
): Promise<Mp3> {
  checkSamples(samples);
  const rate = rates.find((each) => each >= sampleRate) ?? 32_000;
  const resampled = resample(samples, sampleRate, { to: rate });
  const { createMp3Encoder } = await import("wasm-media-encoders");
  const encoder = await createMp3Encoder();
  encoder.configure({
    channels: 1,
    sampleRate: rate,
    outputSampleRate: rate,
    bitrate: bitRate,
  });
  // Each piece lies in the encoder's memory until the next call.
  const pieces = [
    encoder.encode([resampled]).slice(),
    encoder.finalize().slice(),
  ];
  return {
    bytes: new Uint8Array(Buffer.concat(pieces)),
    sampleRate: rate,
    bitRate,
  };
}

function checkSamples(samples: Float32Array): void {
  if (samples.length === 0) {
    throw new RangeError("encodeMp3: expected sound, got no samples");
  }
  const at = samples.findIndex((sample) => !Number.isFinite(sample));
  if (at >= 0) {
    throw new RangeError(
      `encodeMp3: expected finite samples, got ${samples[at]} (sample ${at})`,
    );
  }
}
