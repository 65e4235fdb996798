import type { Data, Layout } from "plotly.js";

/** A picture as data: what plotly draws, and the words that go with it. */
export interface Figure {
  /** Its file's name, without an ending. */
  readonly name: string;
  /** The claim, in one sentence. */
  readonly title: string;
  readonly data: readonly Data[];
  readonly layout: Partial<Layout>;
  /** What the picture shows, for those who cannot see it. */
  readonly alt: string;
  /** In CSS pixels; 640 x 440 unless given. */
  readonly width?: number;
  readonly height?: number;
}

/** A picture that is drawn already: an SVG that needs nothing else. */
export interface Drawing extends Omit<Figure, "data" | "layout"> {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}
