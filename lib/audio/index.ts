/** Sound: decoding, resampling, and what the front-ends make of it. */
export { clapMel, clapMelOptions } from "./clap-mel.ts";
export { crop, sharedCrop } from "./crop.ts";
export { type DecodedAudio, decodeAudio } from "./decode/decode.ts";
export { readAudio } from "./decode/read.ts";
export { fbank, sslamFbank } from "./fbank.ts";
export { hear, sslamFrames } from "./front-end.ts";
export {
  bandCenters,
  logMel,
  type Mel,
  type MelOptions,
  toyMel,
} from "./mel.ts";
export { encodeMp3, type Mp3 } from "./mp3.ts";
export { failureReport, hearFiles } from "./pool/hear-files.ts";
export { resample } from "./resample.ts";
export { readSoundfont, type Soundfont } from "./soundfont.ts";
export { encodeWav } from "./wav.ts";
