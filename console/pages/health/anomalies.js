// What is higher than usual, and was.
import { anomalies } from "../../lib/anomalies.js";
import { count, duration, number, percent, words } from "../../lib/format.js";
import { Ago, Card, Empty, Facts, State } from "../../lib/parts.js";
import { place } from "../../lib/router.js";
import { Table } from "../../lib/table.js";
import { html, useEffect, useRef } from "../../lib/ui.js";

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

export function Anomalies() {
  const frame = useRef(null);
  const data = anomalies.value;
  const isMeant = place.value.query.at === "anomalies";
  useEffect(() => {
    if (isMeant) frame.current?.scrollIntoView({ block: "start" });
  }, [isMeant, data !== null]);
  if (!data) return null;
  const keyOf = (one) => `${one.series} ${one.subject} ${one.at}`;
  return html`<div class="anomalies" ref=${frame}><${Card} title="Higher than usual">
    ${data.items.length > 0 && html`<${Table} caption="Higher than usual" className="anomaly-list" columns=${COLUMNS} rows=${data.items} keyOf=${keyOf} />`}
    ${data.items.length === 0 && html`<${Empty}>${data.watching ? "Nothing was, since the server started." : "Nothing is watched: anomalies.enabled is off."}<//>`}
    ${data.watching && html`<div class="foot"><${Facts} of=${[
      ["Now", count(data.current)],
      ["Series watched", count(data.series)],
      ["Of them too new to judge", count(data.learning)],
    ]} /></div>`}
  <//></div>`;
}
