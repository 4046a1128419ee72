// Synthetic data: what was made, its figures, and its files.
import { Bars } from "../../../lib/chart.js";
import { bytes, count, percent, words } from "../../../lib/format.js";
import { Card, Facts } from "../../../lib/parts.js";
import { html, useState } from "../../../lib/ui.js";
import { Artifacts } from "../artifacts.js";

/** Bars of one chart; the rest is in the table. */
const BARS_MAX = 16;

export function SynthDataset({ job }) {
  const { rows, sets } = job.result;
  return html`<${Card} title="Data">
      <${Facts} of=${[["Rows", count(rows)], ["Size", bytes(job.result.bytes)], ["Sets", sets.length]]} />
    <//>
    ${sets.map((set, index) => html`<${Set} key=${index} set=${set} />`)}
    <${Card} title="Files"><${Artifacts} job=${job} /><//>`;
}

function Set({ set }) {
  const { tally, request } = set;
  const parts = Object.keys(tally ?? {}).filter((name) => name.startsWith("by_") && Object.keys(tally[name]).length > 0);
  const [chosen, setChosen] = useState(parts[0]);
  const bars = Object.entries(tally?.[chosen] ?? {})
    .map(([label, value]) => ({ label: words(label), value: typeof value === "number" ? value : value.rows }))
    .sort((one, other) => other.value - one.value);
  const choose = parts.length > 1 && html`<label class="inline">Rows <select value=${chosen} onChange=${(event) => setChosen(event.target.value)}>
    ${parts.map((name) => html`<option key=${name} value=${name}>${words(name)}</option>`)}
  </select></label>`;
  return html`<${Card} title="${words(set.entity)}: ${set.file}" actions=${choose}>
    <${Facts} of=${[
      ["Rows", count(tally?.rows)],
      tally?.fraud_rows !== undefined && ["Fraudulent", `${count(tally.fraud_rows)} (${percent(tally.fraud_rows / tally.rows, 2)})`],
      tally?.missing_cells !== undefined && ["Empty cells", count(tally.missing_cells)],
      ["Size", bytes(set.bytes)],
      ["Columns", set.columns?.length],
      ["Seed", request?.seed],
      ["Format", request?.format],
      ["Locale", request?.locale],
    ]} />
    ${bars.length > 0 && html`<${Bars} bars=${bars.slice(0, BARS_MAX)} format=${count} label="Rows ${words(chosen)}; the table has the figures" />
      <details><summary>Figures</summary><div class="table-frame"><table>
        <caption class="hidden">Rows ${words(chosen)}</caption>
        <thead><tr><th scope="col">${words(chosen).replace("by ", "")}</th><th scope="col" class="end">Rows</th></tr></thead>
        <tbody>${bars.map((bar) => html`<tr key=${bar.label}><td data-name="Name">${bar.label}</td><td data-name="Rows" class="end">${count(bar.value)}</td></tr>`)}</tbody>
      </table></div></details>`}
  <//>`;
}
