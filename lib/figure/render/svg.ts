import type { Figure } from "../figure.ts";
import { fontFamily } from "../theme.ts";
import type { PlotlyWindow } from "./dom.ts";

/** Attributes that only a live plotly page reads. */
const liveAttributes = new Set([
  "class",
  "pointer-events",
  "data-unformatted",
  "data-math",
  "data-notex",
  "xml:space",
  "data-index",
]);

/** Style entries that say what an SVG viewer does anyway. */
const defaultStyle = new Map([
  ["fill-opacity", "1"],
  ["stroke-opacity", "1"],
  ["stroke-dasharray", ""],
  ["font-style", "normal"],
  ["font-variant", "normal"],
  ["font-weight", "normal"],
  ["text-transform", "none"],
  ["text-decoration-line", "none"],
  ["text-shadow", "none"],
  ["opacity", "1"],
  ["vector-effect", "none"],
  ["white-space", "pre"],
  ["pointer-events", "all"],
  ["cursor", "default"],
]);

/**
 * Plotly's SVG as a file that stands alone: no leftovers of the live page,
 * ids counted from 0, and words for those who cannot see it.
 */
export function standaloneSvg(
  window: PlotlyWindow,
  source: string,
  figure: Figure,
): string {
  const parser = new window.DOMParser();
  const document = parser.parseFromString(source, "image/svg+xml");
  const root = document.documentElement;
  for (const element of [...root.querySelectorAll("*"), root]) tidy(element);
  renameIds(root);
  for (const child of [...root.children]) dropEmpty(child);
  hoistFont(root);
  describe(root, figure);
  return `${new window.XMLSerializer().serializeToString(root)}\n`;
}

function tidy(element: Element) {
  for (const { name, value } of [...element.attributes]) {
    if (liveAttributes.has(name)) element.removeAttribute(name);
    else if (name === "style") tidyStyle(element, value);
    else if (/^rotate\(0[,)]/.test(value)) element.removeAttribute(name);
    else element.setAttribute(name, roundNumbers(name, value));
  }
}

/** Drops defaults, and quotes around ids, which resvg does not read. */
function tidyStyle(element: Element, style: string) {
  const kept = style
    .split(/;\s*(?![^(]*\))/)
    .map((entry) => entry.split(/:\s*(.*)/s, 2).map((part) => part.trim()))
    .filter(([name, value]) => name && defaultStyle.get(name) !== value)
    .map(([name, value]) => `${name}:${plainValue(value)}`);
  if (kept.length === 0) element.removeAttribute("style");
  else element.setAttribute("style", kept.join(";"));
}

function plainValue(value: string): string {
  return value
    .replace(/url\(["']?(#[^"')]+)["']?\)/g, "url($1)")
    .replace(/rgb\((\d+), (\d+), (\d+)\)/g, (_, ...parts) =>
      hexColor(parts.slice(0, 3).map(Number)),
    );
}

function hexColor(parts: readonly number[]): string {
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** Geometry to a hundredth of a pixel: finer is noise. */
function roundNumbers(name: string, value: string): string {
  if (!/^(d|transform|x|y|x1|x2|y1|y2|width|height|points)$/.test(name)) {
    return value;
  }
  return value.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) =>
    String(Math.round(Number(number) * 100) / 100),
  );
}

/** Names ids in order of appearance, so that they tell nothing of a run. */
function renameIds(root: Element) {
  const names = new Map<string, string>();
  const used = root.outerHTML;
  for (const element of root.querySelectorAll("[id]")) {
    if (used.includes(`#${element.id})`)) {
      names.set(element.id, `i${names.size}`);
      element.id = names.get(element.id) ?? "";
    } else {
      element.removeAttribute("id");
    }
  }
  const rename = (value: string) =>
    value.replace(
      /url\(["']?#([^"')]+)["']?\)/g,
      (_, id) => `url(#${names.get(id) ?? id})`,
    );
  for (const element of root.querySelectorAll("[style],[clip-path],[fill]")) {
    for (const { name, value } of [...element.attributes]) {
      if (value.includes("url(")) element.setAttribute(name, rename(value));
    }
  }
}

/** Removes what draws nothing, innermost first, and groups of no effect. */
function dropEmpty(element: Element) {
  for (const child of [...element.children]) dropEmpty(child);
  if (drawsNothing(element)) element.remove();
  else if (element.tagName === "g" && element.attributes.length === 0) {
    element.replaceWith(...element.childNodes);
  }
}

function drawsNothing(element: Element): boolean {
  const style = element.getAttribute("style") ?? "";
  switch (element.tagName) {
    case "g":
    case "defs":
      return !element.firstChild;
    case "clipPath":
      return !element.id;
    case "path":
      return /^(M0,0)?$/.test(element.getAttribute("d") ?? "");
    case "rect":
      return /stroke-opacity:0;.*fill-opacity:0/.test(style);
    default:
      return /(^|;)(display:none|opacity:0)(;|$)/.test(style);
  }
}

/** Says the font once, at the root. */
function hoistFont(root: Element) {
  for (const element of root.querySelectorAll("[style*=font-family]")) {
    const style = element.getAttribute("style") ?? "";
    element.setAttribute("style", style.replace(/font-family:[^;]*;?/, ""));
  }
  root.setAttribute("font-family", fontFamily);
}

function describe(root: Element, figure: Figure) {
  const document = root.ownerDocument;
  const add = (tag: string, text: string) => {
    const element = document.createElementNS(root.namespaceURI, tag);
    element.textContent = text;
    root.prepend(element);
  };
  root.setAttribute("role", "img");
  add("desc", figure.alt);
  add("title", figure.title);
}
