import { arrow, box, type Mark } from "./paint.ts";
import {
  type Band,
  encoderBand,
  encoderSide,
  middle,
  type Place,
} from "./place.ts";
import { type DesignRow, outputsOf } from "./rows.ts";

/** The connector at the right of a diagram, and what it feeds. */
export function connectorMarks(design: DesignRow, place: Place): Mark[] {
  const isWide = design.connector === "wide";
  const outputs = outputsOf(design).map(({ output, rows }) => {
    const feeds = rows.map(({ fresh, layer }) =>
      fresh === output ? middle(place.attention(layer)) : place.below(layer),
    );
    const { bottom, top } = place.attention(rows[0].layer);
    const reach = ((bottom - top) / 2) * (isWide ? 3 : 1);
    const band = {
      top: Math.min(...feeds) - reach,
      bottom: Math.max(...feeds) + reach,
    };
    return { feeds, band };
  });
  const bands = outputs.map(({ band }) => band);
  const readers = design.connector === "shared" ? [around(bands)] : bands;
  return [
    ...outputs.flatMap(({ feeds }) =>
      feeds.flatMap((y) =>
        arrow(place.projection.left, place.audio.right + 1, y),
      ),
    ),
    ...bands.map((band) => box("projection", place.projection, band)),
    ...readers.map((band) => box("crossAttention", place.crossAttention, band)),
    ...encoderMarks(design.encoders.length, place, readers),
  ];
}

/** The encoders below the connector, and their features' way up. */
function encoderMarks(
  nEncoders: number,
  place: Place,
  readers: readonly Band[],
): Mark[] {
  const { crossAttention, features: x } = place;
  const stops = readers.map(middle);
  const highest = Math.min(...stops);
  const ticks = stops.map((y) => `M${crossAttention.right},${y}H${x}`);
  const from = encoderBand(place, 0).top;
  const column = { left: x - 3, right: x - 3 + encoderSide };
  return [
    { style: "wire", path: `M${x},${from}V${highest}${ticks.join("")}` },
    ...Array.from({ length: nEncoders }, (_, i) =>
      box("encoder", column, encoderBand(place, i)),
    ),
  ];
}

function around(bands: readonly Band[]): Band {
  return {
    top: Math.min(...bands.map(({ top }) => top)),
    bottom: Math.max(...bands.map(({ bottom }) => bottom)),
  };
}
