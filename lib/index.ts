/**
 * The library as a map: one name for each room. `pal.design.baseline`,
 * `pal.figure.curves`; Tab after `pal.` shows the rooms.
 */
/** Sound: decoding, resampling, and what the front-ends make of it. */
export * as audio from "./audio/index.ts";
/** Weights in files: read by offset, written whole. */
export * as checkpoint from "./checkpoint/index.ts";
/** Examples to train and test on, and sources of them. */
export * as data from "./data/index.ts";
/** What a cell or a terminal shows. */
export * as display from "./display/index.ts";
/** Frozen audio encoders, one declaration each. */
export * as encoder from "./encoder/index.ts";
/** The tensor engines, and steps as graphs. */
export * as engine from "./engine/index.ts";
/** Questions put to a trained design. */
export * as evaluate from "./eval/index.ts";
/** What encoders made of sounds, in memory and on disk. */
export * as features from "./features/index.ts";
/** Rows in, figure out. */
export * as figure from "./figure/index.ts";
/** Downloads that are verified and go on. */
export * as hub from "./hub/index.ts";
/** The language model: Llama, its tokenizer, its prompts, its answers. */
export * as llm from "./llm/index.ts";
/** Numbers from strings and vectors. */
export * as metric from "./metric/index.ts";
/** From encoders to audio tokens (section 2.4). */
export * as connector from "./pal/connector/index.ts";
/** What a design costs, by formula. */
export * as cost from "./pal/cost/index.ts";
/** The designs as data (Tables 1 and 4), and what each layer does. */
export * as design from "./pal/design/index.ts";
/** A design that runs: forward pass, answers. */
export * as run from "./pal/run/index.ts";
/** What happens inside: hooks, recordings. */
export * as see from "./pal/see/index.ts";
/** Linear probes: what can be read from features. */
export * as probe from "./probe/index.ts";
/** What a run of training leaves: its record, its steps. */
export * as runlog from "./runlog/index.ts";
/** What a notebook begins with. */
export * as session from "./session/index.ts";
/** Seeds and spreads, and what they allow to be said. */
export * as stats from "./stats/index.ts";
/** Parameter trees, seeded chance, taps. */
export * as tensor from "./tensor/index.ts";
/** Training: optimizer, loss, a design on examples, its state. */
export * as train from "./train/index.ts";
/** Worlds to train in: the toy world of the first notebook. */
export * as world from "./world/index.ts";
/** The lab world: sounds, words and small models, all made here. */
export * as lab from "./world/lab/index.ts";
