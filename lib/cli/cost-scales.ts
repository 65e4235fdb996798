import type { EncoderSizes } from "../encoder/encoder.ts";
import { encoderNamed } from "../encoder/list.ts";
import { toyEncoder } from "../encoder/toy.ts";
import { type LlamaConfig, llama32_1b } from "../llm/config.ts";
import {
  type ConnectorConfig,
  paperConnector,
} from "../pal/connector/config.ts";
import { comparisonSetting } from "../world/toy/setting.ts";

export type ScaleName = "paper" | "lab";

/** Everything that a design's cost depends on and the design does not say. */
export interface CostScale {
  readonly name: ScaleName;
  readonly title: string;
  readonly llama: LlamaConfig;
  readonly connector: ConnectorConfig;
  /** Sizes of an encoder that a design names. */
  readonly sizesOf: (encoder: string) => EncoderSizes;
  /** Text tokens of a clip. */
  readonly T: number;
  /** Text positions whose next token is scored. */
  readonly answer: number;
}

/** Everything of a scale that a design leaves open. */
export function costScale(name: ScaleName): CostScale {
  return name === "paper" ? paper : lab();
}

/**
 * The paper's models. It states neither the connector's sizes nor a text's
 * length: 108 tokens is where LTU, whose data it trains on, cuts.
 */
const paper: CostScale = {
  name: "paper",
  title: "Llama-3.2-1B, SSLAM, two CLAPs",
  llama: llama32_1b,
  connector: paperConnector,
  sizesOf: (name) => {
    const { grid, width } = encoderNamed(name);
    return { name, grid, width };
  },
  T: 108,
  answer: 32,
};

/** The first notebook's models; its toy stands for every encoder. */
function lab(): CostScale {
  const { connector, llama, textLength } = comparisonSetting();
  const { grid, width } = toyEncoder();
  return {
    name: "lab",
    title: "the first notebook's models",
    llama,
    connector,
    sizesOf: (name) => ({ name, grid, width }),
    T: textLength,
    answer: 4,
  };
}
