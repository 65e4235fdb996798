import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Canvas } from "@napi-rs/canvas";
import type { DOMWindow } from "jsdom";
import type { Figure } from "../figure.ts";
import { textWidth } from "../text.ts";
import { indexedPng } from "./indexed-png.ts";

const require = createRequire(import.meta.url);

/** The part of plotly that rendering calls. */
export interface Plotly {
  toImage(
    figure: Pick<Figure, "data" | "layout">,
    options: { format: "svg"; width: number; height: number },
  ): Promise<string>;
}

export interface PlotlyWindow extends DOMWindow {
  readonly Plotly: Plotly;
  Math: typeof Math;
}

/** A window with plotly in it. */
export interface Page {
  readonly window: PlotlyWindow;
  /** Errors in its own timers and events, which nobody else hears of. */
  readonly faults: unknown[];
}

let opening: Promise<Page> | undefined;

/** The page that all figures are drawn on: opened at the first call. */
export function plotlyPage(): Promise<Page> {
  opening ??= openPage().catch((error) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

async function openPage(): Promise<Page> {
  const { JSDOM, VirtualConsole } = await import("jsdom");
  const faults: unknown[] = [];
  const virtualConsole = new VirtualConsole();
  virtualConsole.on("jsdomError", (error) => faults.push(error));
  const { window } = new JSDOM("<!doctype html><body></body>", {
    runScripts: "outside-only",
    virtualConsole,
  });
  fillGaps(window);
  measureText(window);
  drawOnCanvas(window);
  const source = require.resolve("plotly.js-dist-min/plotly.min.js");
  window.eval(await readFile(source, "utf8"));
  return { window: window as unknown as PlotlyWindow, faults };
}

/** Functions that plotly looks for and jsdom does not have. */
function fillGaps(window: DOMWindow) {
  Object.assign(window, {
    requestAnimationFrame: (step: (time: number) => void) =>
      window.setTimeout(() => step(0), 0),
    cancelAnimationFrame: (id: number) => window.clearTimeout(id),
    matchMedia: () => ({ matches: false, addListener() {} }),
  });
  window.URL.createObjectURL = () => "";
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Height of a line and of its part above the baseline, in font sizes. */
const lineHeight = 1.3;
const ascent = 0.95;

function textBox(element: Element): Box {
  const lines = element.querySelectorAll("tspan.line");
  const all: Element[] = lines.length > 0 ? [...lines] : [element];
  const { size } = textStyle(element);
  const widths = all.map((line) => lineWidth(line));
  const width = Math.max(0, ...widths);
  const anchor = element.getAttribute("text-anchor");
  const before = anchor === "end" ? 1 : anchor === "middle" ? 0.5 : 0;
  return {
    x: Number(element.getAttribute("x") ?? 0) - before * width,
    y: Number(element.getAttribute("y") ?? 0) - ascent * size,
    width,
    height: size * lineHeight * Math.max(1, all.length),
  };
}

/** Adds up the runs of a line, each in its own size and weight. */
function lineWidth(line: Element): number {
  let width = 0;
  for (const node of line.childNodes) {
    if (node.nodeType === node.TEXT_NODE) {
      width += textWidth(node.textContent ?? "", textStyle(line));
    } else {
      width += lineWidth(node as Element);
    }
  }
  return width;
}

/** Size and weight of an element's text, inherited where it has none. */
function textStyle(element: Element) {
  let size = "";
  let weight = "";
  for (
    let at: Element | null = element;
    at !== null && (size === "" || weight === "");
    at = at.parentElement
  ) {
    const style = (at as SVGElement | HTMLElement).style;
    size ||= style?.fontSize || at.getAttribute("font-size") || "";
    weight ||= style?.fontWeight || at.getAttribute("font-weight") || "";
  }
  const bold = weight === "bold" || Number(weight) >= 600;
  return { size: Number.parseFloat(size) || 12, bold };
}

/** jsdom has no layout: gives SVG elements the sizes that plotly asks for. */
function measureText(window: DOMWindow) {
  const boxOf = (element: Element): Box => {
    if (/^(text|tspan)$/.test(element.tagName)) return textBox(element);
    const texts = [...element.querySelectorAll("text")];
    return union(texts.map((text) => textBox(text)));
  };
  const svg = window.SVGElement.prototype as unknown as SVGTextElement;
  svg.getBBox = function (this: Element) {
    return boxOf(this) as DOMRect;
  };
  svg.getComputedTextLength = function (this: Element) {
    return boxOf(this).width;
  };
  svg.getBoundingClientRect = function (this: Element) {
    const { x, y, width, height } = boxOf(this);
    const edges = { left: x, top: y, right: x + width, bottom: y + height };
    return { x, y, width, height, ...edges } as DOMRect;
  };
}

function union(boxes: readonly Box[]): Box {
  if (boxes.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** Puts a real canvas behind each canvas element: heatmaps are drawn there. */
function drawOnCanvas(window: DOMWindow) {
  const { createCanvas } =
    require("@napi-rs/canvas") as typeof import("@napi-rs/canvas");
  const canvases = new WeakMap<HTMLCanvasElement, Canvas>();
  const canvasOf = (element: HTMLCanvasElement) => {
    const { width, height } = element;
    let canvas = canvases.get(element);
    if (canvas?.width !== width || canvas?.height !== height) {
      canvas = createCanvas(width, height);
      canvases.set(element, canvas);
    }
    return canvas;
  };
  const prototype = window.HTMLCanvasElement.prototype;
  prototype.getContext = function (this: HTMLCanvasElement, kind: string) {
    return kind === "2d" ? canvasOf(this).getContext("2d") : null;
  } as HTMLCanvasElement["getContext"];
  prototype.toDataURL = function (this: HTMLCanvasElement) {
    return smallAddress(canvasOf(this));
  };
}

/** The canvas as a data address: with a palette, where nothing shines through. */
function smallAddress(canvas: Canvas): string {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  for (let at = 3; at < data.length; at += 4) {
    if (data[at] < 255) return canvas.toDataURL("image/png");
  }
  const png = indexedPng({ width, height, pixels: data });
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}
