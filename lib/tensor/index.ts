/** Parameter trees, seeded chance, taps. */
export {
  countParameters,
  disposeTensors,
  fromPlain,
  type Tensors,
  toPlain,
} from "./params.ts";
export { random } from "./random.ts";
export { noTap, patch, recorder, replace, type Tap, taps } from "./tap.ts";
