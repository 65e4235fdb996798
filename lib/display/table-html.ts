import { escapeHtml } from "./html.ts";
import { mostRows, rowsLeftOut, type TextColumn } from "./table-text.ts";

/**
 * Two rules and thin lines, in the colors of the page around: it reads in
 * light and dark themes. Selectors are as specific as JupyterLab's own.
 */
const style = `
table.pal-table{border-collapse:collapse;border:0;margin:8px 0;font-size:13px;
line-height:1.4;font-variant-numeric:tabular-nums;color:inherit}
table.pal-table caption{caption-side:top;text-align:left;font-weight:600;
color:inherit;padding:0 0 6px;white-space:normal}
table.pal-table th,table.pal-table td{padding:4px 14px 4px 0;border:0;
text-align:left;vertical-align:top;background:none;max-width:none}
table.pal-table th:last-child,table.pal-table td:last-child{padding-right:0}
table.pal-table thead tr:nth-child(n){border:0;
border-top:2px solid currentColor;border-bottom:1px solid currentColor;
background:none}
table.pal-table thead th:nth-child(n){font-weight:600;vertical-align:bottom}
table.pal-table tbody tr:nth-child(n){background:none;
border-bottom:1px solid rgba(128,128,128,.28)}
table.pal-table tbody tr:last-child{border-bottom:2px solid currentColor}
table.pal-table tbody tr:nth-child(n):hover{background:rgba(128,128,128,.12)}
table.pal-table tfoot td{opacity:.7;padding-top:6px}
table.pal-table .pal-number{text-align:right}
table.pal-table .pal-short{white-space:nowrap}
table.pal-table .pal-missing{opacity:.5}
`.replaceAll("\n", "");

/** A table for a notebook; it stays readable where styles are taken away. */
export function tableHtml(
  columns: readonly TextColumn[],
  caption = "",
): string {
  const shown = columns[0].cells
    .slice(0, mostRows)
    .map((_, row) =>
      columns.map((column) => cell("td", column, column.cells[row])).join(""),
    );
  const leftOut = rowsLeftOut(columns);
  const head = columns.map((column) => cell("th", column, column.name));
  return [
    `<style>${style}</style>`,
    '<table class="pal-table">',
    caption &&
      `<caption style="text-align:left">${escapeHtml(caption)}</caption>`,
    `<thead><tr>${head.join("")}</tr></thead>`,
    `<tbody>${shown.map((cells) => `<tr>${cells}</tr>`).join("\n")}</tbody>`,
    leftOut &&
      `<tfoot><tr><td colspan="${columns.length}">${leftOut}</td></tr></tfoot>`,
    "</table>",
  ]
    .filter(Boolean)
    .join("\n");
}

/** Texts of up to so many letters, names above all, stay on one line. */
const longestName = 16;

function cell(tag: "td" | "th", { isNumber }: TextColumn, text: string) {
  const scope = tag === "th" ? ' scope="col"' : "";
  const kinds = [
    isNumber && "pal-number",
    tag === "td" && !isNumber && text.length <= longestName && "pal-short",
    tag === "td" && text === "\u2013" && "pal-missing",
  ].filter(Boolean);
  const kind = kinds.length > 0 ? ` class="${kinds.join(" ")}"` : "";
  // Said twice, since some viewers drop the style sheet.
  const side = ` style="text-align:${isNumber ? "right" : "left"}"`;
  return `<${tag}${scope}${kind}${side}>${escapeHtml(text)}</${tag}>`;
}
