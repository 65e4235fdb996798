import { textWidth } from "../text.ts";
import { sizes } from "../theme.ts";
import type { Text } from "./draw.ts";
import { arrow, box, dropped, type Mark } from "./paint.ts";
import { encoderSide } from "./place.ts";

interface Entry {
  readonly text: string;
  /** Of the picture before the text, in CSS pixels. */
  readonly width: number;
  /** The picture, from its left, around a middle. */
  readonly picture: (left: number, y: number) => Mark[];
}

/** Half the height of a submodule's box in the key. */
const reach = 5;

const boxAt =
  (style: Mark["style"], width: number) =>
  (left: number, y: number): Mark[] => [
    box(
      style,
      { left, right: left + width },
      { top: y - reach, bottom: y + reach },
    ),
  ];

const pair =
  (first: Mark["style"], second: Mark["style"]) =>
  (left: number, y: number): Mark[] => [
    ...boxAt(first, 14)(left, y),
    ...boxAt(second, 14)(left + 16, y),
  ];

const entries: readonly Entry[] = [
  {
    text: "text: attention, FFN",
    width: 30,
    picture: pair("textAttention", "textFfn"),
  },
  {
    text: "audio: attention, FFN",
    width: 30,
    picture: pair("audioAttention", "audioFfn"),
  },
  {
    text: "reserved positions",
    width: 18,
    picture: boxAt("reserved", 18),
  },
  {
    text: "encoder",
    width: encoderSide,
    picture: (left, y) => [
      box(
        "encoder",
        { left, right: left + encoderSide },
        { top: y - encoderSide / 2, bottom: y + encoderSide / 2 },
      ),
    ],
  },
  {
    text: "text hears audio; a connector gives audio tokens",
    width: 18,
    picture: (left, y) => arrow(left + 18, left, y),
  },
  {
    text: "dropped",
    width: 14,
    picture: (left, y) => [dropped({ left, right: left + 14 }, y + 4)],
  },
  {
    text: "connector: projection, cross-attention",
    width: 18,
    picture: pairOfSegments,
  },
];

function pairOfSegments(left: number, y: number): Mark[] {
  return [
    ...boxAt("projection", 9)(left, y),
    ...boxAt("crossAttention", 9)(left + 9, y),
  ];
}

const lineHeight = 20;

/** What the marks mean, in as many lines as the width needs. */
export function keyOf(
  width: number,
  top: number,
): { marks: Mark[]; labels: Text[]; height: number } {
  const marks: Mark[] = [];
  const labels: Text[] = [];
  let left = 0;
  let y = top + lineHeight / 2;
  for (const { picture, text, width: pictureWidth } of entries) {
    const end = pictureWidth + 6 + textWidth(text, { size: sizes.tick });
    if (left > 0 && left + end > width) {
      left = 0;
      y += lineHeight;
    }
    marks.push(...picture(left, y));
    const x = left + pictureWidth + 6;
    labels.push({ lines: [text], x, y, isCentered: true });
    left = Math.round(left + end + 20);
  }
  return { marks, labels, height: y + lineHeight / 2 - top };
}
