import type { DesignRow } from "../../../lib/figure/design/rows.ts";

const layers = Array.from({ length: 16 }, (_, layer) => layer);

/** Audio in the stream of all 16 layers. */
export const inStream: DesignRow = {
  name: "baseline",
  note: "fusionLayer: 0",
  encoders: ["sslam"],
  connector: "separate",
  layers: layers.map((layer) => ({
    layer,
    ...(layer === 0 ? { joins: 0 } : {}),
    inStream: "all",
    textHears: true,
    audioFfn: true,
  })),
};

/** Tokens of its own for each layer from 4 on, of three encoders. */
export const fused: DesignRow = {
  name: "attention-only",
  encoders: ["sslam", "clap-general", "clap-music-speech"],
  connector: "separate",
  layers: layers.map((layer) => ({
    layer,
    ...(layer >= 4 ? { fresh: layer - 4 } : {}),
    inStream: "none",
    textHears: layer >= 4,
    audioFfn: false,
  })),
};
