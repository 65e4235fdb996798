/** Turns a waveform into a grid of feature vectors; always frozen. */
export interface Encoder {
  readonly name: string;
  readonly grid: Grid;
  /** Numbers in each feature vector. */
  readonly width: number;
  /** Length of the clip it takes. */
  readonly seconds: number;
  readonly sampleRate: number; // Hz
  /** Features, time-major: the cell (t, f) starts at (t * bands + f) * width. */
  encode(samples: Float32Array): Float32Array;
}

/** Cells of a grid over a spectrogram. */
export interface Grid {
  /** Cells along time. */
  readonly steps: number;
  /** Cells along frequency. */
  readonly bands: number;
}

/** What a connector needs to know of an encoder. */
export interface EncoderSizes {
  readonly name: string;
  readonly grid: Grid;
  /** Of its features, E. */
  readonly width: number;
}
