/** Frozen audio encoders, one declaration each. */
export { cellAt, regionCover, sharedPart } from "./cover.ts";
export type { EncoderDeclaration } from "./declaration.ts";
export type { Encoder, EncoderSizes, Grid } from "./encoder.ts";
export { declaredEncoders, encoderNamed, publishedEncoders } from "./list.ts";
export { type Picture, pictureOf } from "./picture.ts";
export { openEncoder, type PretrainedEncoder } from "./pretrained.ts";
export { randomEncoder } from "./random-encoder.ts";
export { cutRegions, regionCells } from "./regions.ts";
export { cellCover, type SoundGrid, type Span } from "./sound-grid.ts";
export { toyEncoder, toyOptions } from "./toy.ts";
