// Groups and the actors that live as long as the server.
import { duration, words } from "../../lib/format.js";
import { State } from "../../lib/parts.js";
import { Table } from "../../lib/table.js";
import { html } from "../../lib/ui.js";

const COLUMNS = [
  { name: "Actor", cell: (node) => node.name },
  { name: "State", cell: (node) => html`<${State} name=${node.state} tone=${node.state === "running" ? "good" : undefined} />` },
  { name: "Generation", align: "end", cell: (node) => node.generation },
];

export const Residents = ({ residents, group }) =>
  html`<${Table} caption="Actors of ${group}" columns=${COLUMNS} rows=${residents} keyOf=${(node) => node.path} />`;

/** Deaths of a group in its window, against what it bears. */
export function Deaths({ node }) {
  if (!node.intensity) return null;
  const { restarts_max: most, window_ms: window } = node.intensity;
  const text = `${node.restarts_in_window} of ${most} deaths in ${duration(window)}`;
  if (node.state !== "running") return html`<${State} name=${node.state} /> <span class="faint">${text}</span>`;
  const tone = node.restarts_in_window === 0 ? "" : node.restarts_in_window >= most ? "bad" : "wait";
  return tone ? html`<span class="state ${tone}"><span class="dot" aria-hidden="true"></span>${words(text)}</span>` : html`<span class="faint">${text}</span>`;
}
