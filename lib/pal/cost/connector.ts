import { largestRegion } from "../../encoder/regions.ts";
import type { Product } from "../../llm/part.ts";
import type { ConnectorSizes, EncoderSizes } from "../connector/config.ts";

type Sizes = Product["sizes"];
/** The connector's products for B clips, their features being frozen. */
export function connectorProducts(
  sizes: ConnectorSizes,
  B: number,
): Product<"connector">[] {
  const { config, nCrossAttentions, nProjections, width: D } = sizes;
  const { projection, query, width: C } = config;
  const rows = B * query.steps * query.bands;
  const reading = readProducts(sizes, B);
  const projecting = [
    own([rows, C, D]),
    ...(projection === "mlp" ? [own([rows, D, D])] : []),
  ];
  return [
    ...Array.from({ length: nCrossAttentions }, () => reading),
    ...Array.from({ length: nProjections }, () => projecting),
  ].flat();
}

/** A product of which both factors move with the connector. */
function own(sizes: Sizes, times = 1): Product<"connector"> {
  return { kind: "connector", sizes, factors: ["weights", "weights"], times };
}

/** The products of one cross-attention. */
function readProducts(
  sizes: ConnectorSizes,
  B: number,
): Product<"connector">[] {
  const { config, encoders } = sizes;
  const { depth, hasMlp, positions, query, width: C } = config;
  const A = query.steps * query.bands;
  return Array.from({ length: depth }, (_, round) => {
    // Latent tokens are one for all clips, at first, or even for all regions.
    const nLatents = round > 0 ? B * A : positions === "none" ? 1 : A;
    return [
      own([nLatents, C, C]),
      ...encoders.flatMap((encoder) =>
        regionProducts(encoder, { sizes, nLatents, B }),
      ),
      ...(hasMlp ? [own([B * A, C, C], 2)] : []),
    ];
  }).flat();
}

/** The products of one round's attention to one encoder. */
function regionProducts(
  { grid, width: E }: EncoderSizes,
  reading: { sizes: ConnectorSizes; nLatents: number; B: number },
): Product<"connector">[] {
  const { B, nLatents, sizes } = reading;
  const { arithmetic, cellPositions, nHeads: N, query } = sizes.config;
  const { width: C } = sizes.config;
  const region = largestRegion(grid, query);
  const R = region.steps * region.bands;
  const G = B * query.steps * query.bands;
  const H = C / N;
  // Positions in a region have products of their own, as they have gradients
  // and features have none.
  const hasPositions = cellPositions === "learned" && R > 1;
  const placed = (...products: readonly Product<"connector">[]) =>
    hasPositions ? products : [];
  const ofFeatures = (sizes: Sizes, times = 1): Product<"connector"> => ({
    kind: "connector",
    sizes,
    factors: ["fixed", "weights"],
    times,
  });
  // As attendRegions chooses: with as many queries as cells, or with one cell
  // in a region, folding saves nothing.
  const isFolded = arithmetic === "folded";
  const scores =
    isFolded && nLatents < G * R
      ? [
          own([nLatents, H, E], N),
          ofFeatures([N, E, (G / nLatents) * R], nLatents),
          ...placed(own([R, E, C]), own([nLatents, H, R], N)),
        ]
      : [
          ofFeatures([G * R, E, C]),
          own([1, H, R], G * N),
          ...placed(own([R, E, C])),
        ];
  const sums =
    isFolded && R > 1
      ? [
          ofFeatures([N, R, E], G),
          own([G, E, H], N),
          ...placed(own([R, E, C]), own([G, R, H], N)),
        ]
      : [
          ofFeatures([G * R, E, C]),
          own([1, R, H], G * N),
          ...placed(own([R, E, C])),
        ];
  return [...scores, ...sums];
}
