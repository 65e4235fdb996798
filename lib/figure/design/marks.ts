import { connectorMarks } from "./connector-marks.ts";
import { arrow, box, dropped, inset, type Mark } from "./paint.ts";
import { middle, type Place } from "./place.ts";
import type { DesignRow, LayerRow } from "./rows.ts";

/** How far a stream reaches beyond the layers, in CSS pixels. */
const streamEnd = 5;

/** The whole diagram of a design, without its words. */
export function marksOf(design: DesignRow, place: Place): Mark[] {
  const { bottom, text, top } = place;
  const { layers } = design;
  return [
    ...reservedMarks(layers, place),
    box("textStream", text, {
      top: top - streamEnd,
      bottom: bottom + streamEnd,
    }),
    ...streamMarks(layers, place),
    ...layers.flatMap((row) => [
      box("textAttention", inset(text, 4), place.attention(row.layer)),
      box("textFfn", inset(text, 4), place.ffn(row.layer)),
      ...audioMarks(row, place),
    ]),
    ...connectorMarks(design, place),
  ];
}

/** Summary tokens keep to the left of the lane, all tokens to the right. */
const summaryShare = 0.34;

/** Where tokens of the stream go in the lane, and where this layer's own. */
function lanesOf({ inStream }: LayerRow, { audio }: Place) {
  if (inStream !== "summary") return { stream: audio, visitors: audio };
  const { left, right } = audio;
  const border = Math.round(left + summaryShare * (right - left));
  return { stream: { left, right: border }, visitors: { left: border, right } };
}

/** Where text leaves the audio's positions out: one box for layers in a row. */
function reservedMarks(layers: readonly LayerRow[], place: Place): Mark[] {
  const has = ({ hasGap = true }: LayerRow) => hasGap;
  const firsts = layers.filter(
    (row, i) => has(row) && (i === 0 || !has(layers[i - 1])),
  );
  return firsts.map(({ layer }) => {
    const end = layers.findIndex((row, i) => i > layer && !has(row));
    const top = place.below(end === -1 ? layers.length : end);
    return box("reserved", place.audio, { top, bottom: place.below(layer) });
  });
}

/** The band of the audio's stream, from where it begins to where it ends. */
function streamMarks(layers: readonly LayerRow[], place: Place): Mark[] {
  const living = layers.filter(({ inStream }) => inStream !== "none");
  const [first, last] = [living.at(0), living.at(-1)];
  if (!first || !last) return [];
  const { stream } = lanesOf(first, place);
  const isCut = last.layer < layers.length - 1;
  const top = place.below(last.layer + 1) - (isCut ? 0 : streamEnd);
  // Over the outline of the reserved positions, which it fills.
  const band = { top, bottom: place.below(first.layer) + 1 };
  return [
    box("audioStream", inset(stream, -1), band),
    ...(isCut ? [dropped(stream, top)] : []),
  ];
}

function audioMarks(row: LayerRow, place: Place): Mark[] {
  const { stream, visitors } = lanesOf(row, place);
  const attention = place.attention(row.layer);
  const marks: Mark[] = [];
  if (row.inStream !== "none") {
    marks.push(box("audioAttention", inset(stream, 4), attention));
  }
  if (row.audioFfn) {
    marks.push(box("audioFfn", inset(stream, 4), place.ffn(row.layer)));
  }
  if (row.fresh !== undefined) {
    marks.push(
      box("audioAttention", inset(visitors, 4), attention),
      dropped(visitors, attention.top),
    );
  }
  if (row.textHears) {
    const isCrossed = row.crosses !== undefined;
    const from = isCrossed ? place.audio.right : place.audio.left;
    const y = isCrossed ? place.below(row.layer) : middle(attention);
    marks.push(...arrow(from, place.text.right + 1, y));
  }
  return marks;
}
