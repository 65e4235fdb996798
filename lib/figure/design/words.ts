import { type TextStyle, textWidth, wrapText } from "../text.ts";
import { designColor, ink, sizes } from "../theme.ts";
import { leading, type Text } from "./draw.ts";
import {
  type Column,
  center,
  encoderBand,
  encoderSide,
  type Grid,
  middle,
  type Place,
} from "./place.ts";
import { type DesignRow, layersOf, runsOf } from "./rows.ts";

const nameStyle: TextStyle = { size: sizes.label, bold: true };
const noteStyle: TextStyle = { size: sizes.tick };

/** The lines above a diagram: its name, and what sets it apart. */
interface Head {
  readonly name: readonly string[];
  readonly note: readonly string[];
}

function headOf({ name, note = "" }: DesignRow, width: number): Head {
  return {
    name: wrapText(name, width, nameStyle),
    note: wrapText(note, width, noteStyle),
  };
}

/** Room that the tallest of these heads needs. */
export function headHeight(designs: readonly DesignRow[], width: number) {
  const heights = designs.map((design) => {
    const { name, note } = headOf(design, width);
    return (
      name.length * leading(nameStyle.size) +
      note.length * leading(noteStyle.size)
    );
  });
  return Math.max(...heights) + 10;
}

/** Name and note above a diagram, the names of its lanes below it. */
export function labelsOf(
  design: DesignRow,
  { left, right, top }: Column & { readonly top: number },
  place: Place,
): Text[] {
  const { name, note } = headOf(design, right - left);
  const noteTop = top + name.length * leading(nameStyle.size);
  const below = (text: string, column: Column): Text => ({
    lines: [text],
    x: center(column),
    y: place.bottom + 8,
    anchor: "middle",
  });
  return [
    {
      lines: name,
      nBold: name.length,
      x: left,
      y: top,
      size: sizes.label,
      color: designColor(design.name),
    },
    { lines: note, x: left, y: noteTop, color: ink.quiet },
    below("text", place.text),
    below("audio", place.audio),
  ];
}

/** Numbers of the layers, left of a row of diagrams. */
export function layerNumbers(
  place: Place,
  { layerHeight, nLayers }: Grid,
): Text[] {
  const every = layerHeight >= 15 ? 1 : 2;
  return Array.from({ length: nLayers }, (_, layer) => layer)
    .filter((layer) => layer % every === 0)
    .map((layer) => ({
      x: place.text.left - 5,
      y: (place.below(layer) + place.below(layer + 1)) / 2,
      lines: [String(layer)],
      anchor: "end",
      isCentered: true,
    }));
}

/** What happens in each run of layers, right of a diagram that is alone. */
export function notesOf(
  design: DesignRow,
  { left, right }: Column,
  place: Place,
): Text[] {
  return runsOf(design).map((run) => {
    const title = layersOf(run);
    const sentence = wrapText(run.sentence, right - left, noteStyle);
    return {
      lines: [`${title[0].toUpperCase()}${title.slice(1)}`, ...sentence],
      nBold: 1,
      x: left,
      y: (place.below(run.from) + place.below(run.to + 1)) / 2,
      isCentered: true,
    };
  });
}

/** Names of the encoders, right of their squares. */
export function encoderNames({ encoders }: DesignRow, place: Place): Text[] {
  return encoders.map((name, i) => {
    const { bottom, top } = encoderBand(place, i);
    return {
      lines: [name],
      x: place.features + encoderSide + 3,
      y: (bottom + top) / 2,
      isCentered: true,
    };
  });
}

/** Names of the submodules, in a diagram tall enough to hold them. */
export function submoduleNames({ layers }: DesignRow, place: Place): Text[] {
  const { bottom, top } = place.attention(0);
  const name = textWidth("attention", noteStyle) + 16;
  const room = place.audio.right - place.audio.left;
  if (bottom - top < 13 || name > room) return [];
  const attention = (column: Column, layer: number): Text => ({
    x: center(column),
    y: middle(place.attention(layer)),
    lines: ["attention"],
    anchor: "middle",
    isCentered: true,
    color: ink.title,
  });
  const ffn = (column: Column, layer: number): Text => ({
    x: center(column),
    y: middle(place.ffn(layer)),
    lines: ["FFN"],
    anchor: "middle",
    isCentered: true,
    color: ink.ground,
  });
  return layers.flatMap(({ audioFfn, fresh, inStream, layer }) => {
    // Two kinds of tokens in one layer leave too little room for a word.
    const isOneBox = (inStream === "all") !== (fresh !== undefined);
    return [
      attention(place.text, layer),
      ffn(place.text, layer),
      ...(isOneBox && inStream !== "summary"
        ? [attention(place.audio, layer)]
        : []),
      ...(inStream === "all" && audioFfn ? [ffn(place.audio, layer)] : []),
    ];
  });
}
