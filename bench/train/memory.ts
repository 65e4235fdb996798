import { connectorProducts } from "../../lib/pal/connector/connector.ts";
import { costedLayers } from "../../lib/pal/cost/layers.ts";
import { designOf } from "../../lib/pal/design/design.ts";
import { costOfTask, type Task } from "./tasks.ts";

/** Of a parameter: itself, two moments, each old and new, and a gradient. */
const ofParameter = 7;

/**
 * Bytes of a step of stage 2, by formula: the optimizer's numbers, and what
 * each matrix product of the forward pass gives, which backward reads again.
 */
export function stepBytes(task: Task): number {
  const { B, T, answer, config } = task;
  const { A, connector, nSummary } = designOf(config);
  const layers = costedLayers(config, { A, B, T, nSummary });
  const products = [
    ...connectorProducts(connector, B),
    ...layers.flatMap(({ layer, rows }) =>
      layer.parts.flatMap((part) => part.products(config.llama, rows)),
    ),
  ];
  const given = products.map(
    ({ sizes: [rows, , columns], times }) => rows * columns * times,
  );
  const logits = B * answer * config.llama.vocabularySize;
  const activations = given.reduce((sum, n) => sum + n, logits);
  const { parameters } = costOfTask(task);
  return 4 * (ofParameter * parameters.total + activations);
}
