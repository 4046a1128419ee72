// What a job has found out: statements, whether they were verified, and what each rests on.
import { get, withQuery } from "../../lib/api.js";
import { fit, number } from "../../lib/format.js";
import { Layers } from "../../lib/layers.js";
import { useData } from "../../lib/load.js";
import { Card, Empty, Facts, Loading, Problem, State, toneOf } from "../../lib/parts.js";
import { Table } from "../../lib/table.js";
import { html, useState } from "../../lib/ui.js";

/** Rows that are shown at once. */
const ROWS = 100;
/** The whole graph is drawn up to so many nodes. */
const WHOLE_MAX = 150;
const NODE = { width: 230, height: 46 };
const FIRST_CHARS = 26;
const SECOND_CHARS = 30;

export const valueOf = ({ value, unit }) => {
  if (value === null) return "–";
  const shown = typeof value === "number" ? number(value, Math.abs(value) < 1 ? 4 : 2) : typeof value === "string" ? value : JSON.stringify(value);
  return unit && !["ratio", "date", "count"].includes(unit) ? `${shown} ${unit}` : shown;
};

export function FactList({ job }) {
  const [text, setText] = useState("");
  const [rows, setRows] = useState(ROWS);
  const [chosen, setChosen] = useState(null);
  const { data, error, again } = useData((signal) => get(`/v1/jobs/${encodeURIComponent(job.id)}/facts`, { signal }), [job.id, job.progress.done]);
  if (error) return html`<${Problem} error=${error} again=${again} />`;
  if (!data) return html`<${Loading} what="facts" />`;
  if (data.items.length === 0) return html`<${Empty}>The job has stated no facts${job.finished_at ? "" : " so far"}.<//>`;
  const matching = data.items.filter((fact) => fact.statement.toLowerCase().includes(text.toLowerCase()));
  const columns = [
    { name: "Statement", cell: (fact) => fact.statement },
    { name: "Value", align: "end", cell: (fact) => html`<b class="figure">${valueOf(fact)}</b>` },
    { name: "Standing", cell: (fact) => html`<${State} name=${fact.standing} />` },
    { name: "Checked by", minor: true, cell: (fact) => html`<span class="faint">${fact.verified_by ? `${fact.verified_by.task.name}: ${fact.verified_by.method}` : fact.refuted_by ? `${fact.refuted_by.task.name}: ${fact.refuted_by.reason}` : "–"}</span>` },
    { name: "Origins", align: "end", cell: (fact) => html`<button type="button" aria-pressed=${chosen === fact.id} aria-label="Lineage of ${fact.statement}" onClick=${() => setChosen(chosen === fact.id ? null : fact.id)}>Lineage</button>` },
  ];
  return html`<div class="actions">
      <label class="hidden" for="fact-search">Search in statements</label>
      <input id="fact-search" type="search" placeholder="Search in statements" value=${text} onInput=${(event) => setText(event.target.value)} />
      <span class="faint">${matching.length} of ${data.items.length}</span>
      <button type="button" aria-pressed=${chosen === ""} onClick=${() => setChosen(chosen === "" ? null : "")}>Whole graph</button>
    </div>
    ${chosen !== null && html`<${Lineage} job=${job} fact=${chosen} onClose=${() => setChosen(null)} />`}
    <${Table} caption="Facts" columns=${columns} rows=${matching.slice(0, rows)} keyOf=${(fact) => fact.id} />
    ${matching.length > rows && html`<div class="pager"><button type="button" onClick=${() => setRows(rows + ROWS)}>Show more of ${matching.length}</button></div>`}`;
}

function Lineage({ job, fact, onClose }) {
  const [chosen, setChosen] = useState(null);
  const path = withQuery(`/v1/jobs/${encodeURIComponent(job.id)}/lineage`, { fact });
  const { data, error, again } = useData((signal) => get(path, { signal }), [path, job.progress.done]);
  const close = html`<button type="button" class="quiet" onClick=${onClose}>Close</button>`;
  const title = fact ? "What it rests on" : "Lineage of all facts";
  const frame = (body) => html`<${Card} title=${title} actions=${close}>${body}<//>`;
  if (error) return frame(html`<${Problem} error=${error} again=${again} />`);
  if (!data) return frame(html`<${Loading} what="the lineage" />`);
  if (data.nodes.length > WHOLE_MAX) return frame(html`<${Empty}>${data.nodes.length} nodes are too many to draw. Choose one fact.<//>`);
  const nodes = data.nodes.map((node) => ({
    ...NODE,
    id: node.id,
    state: node.standing ?? node.type,
    tone: node.standing ? toneOf(node.standing) : node.type === "task" ? "busy" : "calm",
    title: node.type === "fact" ? `Fact: ${node.statement}, ${valueOf(node)}, ${node.standing}` : `${node.type} ${node.name}`,
    lines: node.type === "fact" ? [fit(node.statement, FIRST_CHARS), fit(`${valueOf(node)} · ${node.standing}`, SECOND_CHARS)] : [fit(node.name, FIRST_CHARS), fit(node.role ?? node.media_type ?? node.type, SECOND_CHARS)],
    isChosen: chosen === node.id,
    onChoose: () => setChosen(chosen === node.id ? null : node.id),
  }));
  // Edges lead from what depends to what it depends on; time runs the other way.
  const merged = new Map();
  for (const edge of data.edges) {
    const key = `${edge.to} ${edge.from}`;
    const note = [merged.get(key)?.note, `${edge.type.replaceAll("_", " ")}${edge.note ? `: ${edge.note}` : ""}`].filter(Boolean).join("; ");
    // What verifies a fact comes after it.
    if (edge.type === "verified_by" || edge.type === "refuted_by") merged.set(`${edge.from} ${edge.to}`, { from: edge.from, to: edge.to, note });
    else merged.set(key, { from: edge.to, to: edge.from, note });
  }
  const node = data.nodes.find((node) => node.id === chosen);
  return frame(html`${data.truncated && html`<p class="faint">The graph is cut: it has more nodes.</p>`}
    <${Layers} nodes=${nodes} edges=${[...merged.values()]} label="Lineage of ${data.nodes.length} nodes" />
    ${node && html`<div class="note" aria-live="polite"><${Facts} of=${Object.entries(node).filter(([, value]) => value !== "").map(([name, value]) => [name.replaceAll("_", " "), typeof value === "object" ? JSON.stringify(value) : String(value)])} /></div>`}`);
}
