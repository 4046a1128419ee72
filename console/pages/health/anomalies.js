// What is higher than usual, and was.
import { anomalies } from "../../lib/anomalies.js";
import { count, duration, number, percent, words } from "../../lib/format.js";
import { Ago, Card, Empty, Facts, State } from "../../lib/parts.js";
import { Table } from "../../lib/table.js";
import { html } from "../../lib/ui.js";

/** What series measure, and how their figures are written. */
const SERIES = {
  job_latency_ms: ["Time of jobs", duration],
  job_failure_rate: ["Jobs that fail", percent],
  restarts: ["Restarts", count],
  commit_latency_ms: ["Time of a commit", duration],
};

const figure = (anomaly, value) => (SERIES[anomaly.series]?.[1] ?? number)(value);

const COLUMNS = [
  { name: "Series", cell: (one) => SERIES[one.series]?.[0] ?? words(one.series) },
  { name: "Of", cell: (one) => one.subject },
  { name: "State", cell: (one) => html`<${State} name=${one.ending ?? one.state} tone=${one.state === "current" ? "wait" : "calm"} />` },
  { name: "Value", align: "end", cell: (one) => figure(one, one.value) },
  { name: "Usually", align: "end", cell: (one) => figure(one, one.median) },
  { name: "Deviations", align: "end", minor: true, cell: (one) => number(one.z, 1) },
  { name: "Began", cell: (one) => html`<${Ago} at=${one.at} />` },
];

/** The newest; GET /v1/anomalies has the others. */
const SHOWN_MAX = 10;

const keyOf = (one) => `${one.series} ${one.subject} ${one.at}`;

export function Anomalies() {
  const data = anomalies.value;
  if (!data) return null;
  const { items, watching } = data;
  const facts = [
    ["Now", count(data.current)],
    ["Listed by the server", count(items.length)],
    ["Series watched", count(data.series)],
    ["Too new to judge", count(data.learning)],
  ];
  return html`<${Card} title="Higher than usual">
    ${items.length > 0 && html`<${Table} caption="Higher than usual" className="anomaly-list" columns=${COLUMNS} rows=${items.slice(0, SHOWN_MAX)} keyOf=${keyOf} />`}
    ${items.length === 0 && html`<${Empty}>${watching ? "Nothing was, since the server started." : "Nothing is watched: anomalies.enabled is off."}<//>`}
    ${watching && html`<div class="foot"><${Facts} of=${facts} /></div>`}
  <//>`;
}
