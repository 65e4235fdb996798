import type { Tensor3D } from "@tensorflow/tfjs";
import type { LayerContext, Named, Part } from "../../llm/part.ts";

/** What a part of a design's layer can read besides what llm's parts read. */
export interface FusionContext extends LayerContext {
  /** This layer's audio tokens; none when reading on from what was kept. */
  readonly heard_BAD?: Tensor3D;
  /** Leading rows of the stream before the audio's place: they hear nothing. */
  readonly nDeaf?: number;
}

/** A part of a design's layer, the language model's or one put beside it. */
export type FusionPart = Part<Named, Named, FusionContext>;
