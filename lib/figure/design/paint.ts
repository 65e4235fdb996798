import { ink, lane } from "../theme.ts";
import type { Band, Column, Place } from "./place.ts";
import type { LayerRun } from "./rows.ts";

/** How each kind of mark is painted, the lowest first. */
const styles = {
  reserved: { line: { color: ink.axis, width: 1, dash: "3,3" } },
  textStream: { fill: lane.text.stream },
  audioStream: { fill: lane.audio.stream },
  textAttention: { fill: lane.text.attention },
  textFfn: { fill: lane.text.ffn },
  audioAttention: { fill: lane.audio.attention },
  audioFfn: { fill: lane.audio.ffn },
  wire: { line: { color: ink.quiet, width: 1 } },
  arrow: { line: { color: lane.audio.ffn, width: 1.25 } },
  head: { fill: lane.audio.ffn },
  dropped: { line: { color: lane.audio.ffn, width: 1.5 } },
  projection: { fill: ink.ground, line: { color: lane.audio.ffn, width: 1 } },
  crossAttention: {
    fill: lane.audio.attention,
    line: { color: lane.audio.ffn, width: 1 },
  },
  encoder: { fill: ink.text },
} as const;

interface Paint {
  readonly fill?: string;
  readonly line?: { color: string; width: number; dash?: string };
}

export type Style = keyof typeof styles;

/** A piece of a drawing: a path in pixels from the plot's left top. */
export interface Mark {
  readonly style: Style;
  readonly path: string;
}

/** One path for all marks of a style, so that the figure stays small. */
export function paths(marks: readonly Mark[]): string[] {
  return (Object.keys(styles) as Style[]).flatMap((style) => {
    const d = marks.filter((mark) => mark.style === style);
    if (d.length === 0) return [];
    const { fill = "none", line }: Paint = styles[style];
    const stroke = line
      ? ` stroke="${line.color}" stroke-width="${line.width}"`
      : "";
    const dash = line?.dash ? ` stroke-dasharray="${line.dash}"` : "";
    const path = d.map(({ path }) => path).join("");
    return [`<path fill="${fill}"${stroke}${dash} d="${path}"/>`];
  });
}

export function box(style: Style, { left, right }: Column, band: Band): Mark {
  const { bottom, top } = band;
  return {
    style,
    path: `M${left},${top}H${right}V${bottom}H${left}Z`,
  };
}

/** An arrow to the left. */
export function arrow(from: number, to: number, y: number): Mark[] {
  return [
    { style: "arrow", path: `M${from},${y}H${to + 4}` },
    {
      style: "head",
      path: `M${to},${y}L${to + 5},${y - 3}L${to + 5},${y + 3}Z`,
    },
  ];
}

/** A stub that ends in a bar: what goes no further. */
export function dropped({ left, right }: Column, y: number): Mark {
  const x = (left + right) / 2;
  const reach = Math.min(8, (right - left) / 4);
  const top = y - 4;
  return {
    style: "dropped",
    path: `M${x},${y}V${top}M${x - reach},${top}H${x + reach}`,
  };
}

/** Joins the layers of a run at their right. */
export function bracket({ from, to }: LayerRun, x: number, place: Place): Mark {
  const bottom = place.below(from) - 3;
  const top = place.below(to + 1) + 3;
  return {
    style: "wire",
    path: `M${x - 4},${bottom}H${x}V${top}H${x - 4}`,
  };
}

/** A lane narrowed by as much on each side. */
export function inset({ left, right }: Column, by: number): Column {
  return { left: left + by, right: right - by };
}
