// A table of rows: on a narrow screen each row is a block with the names of its columns beside the values.
import { html } from "./ui.js";

/**
 * `columns` are `{name, cell, align, minor}`: `cell(row)` gives what stands there, `minor` ones leave first where it is
 * narrow. `keyOf(row)` names a row; `caption` is for screen readers.
 */
export function Table({ columns, rows, keyOf, caption, className = "" }) {
  const classOf = (column) => [column.align === "end" ? "end" : "", column.minor ? "minor" : ""].join(" ").trim() || undefined;
  return html`<div class="table-frame"><table class=${className}>
    <caption class="hidden">${caption}</caption>
    <thead><tr>${columns.map((column) => html`<th key=${column.name} scope="col" class=${classOf(column)}>${column.name}</th>`)}</tr></thead>
    <tbody>
      ${rows.map((row) => html`<tr key=${keyOf(row)}>
        ${columns.map((column) => html`<td key=${column.name} class=${classOf(column)} data-name=${column.name}>${column.cell(row)}</td>`)}
      </tr>`)}
    </tbody>
  </table></div>`;
}

/** Leads to the next page of a list and back: `pages` of `usePages`. */
export function Pager({ pages }) {
  return html`<nav class="pager" aria-label="Pages">
    <button type="button" disabled=${!pages.hasBefore} onClick=${pages.before}>Newer</button>
    <span class="faint" aria-live="polite">Page ${pages.number}</span>
    <button type="button" disabled=${!pages.hasNext} onClick=${pages.next}>Older</button>
  </nav>`;
}
