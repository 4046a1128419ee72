// How well every part of the server is, looked at again and again.
import { get } from "../lib/api.js";
import { duration } from "../lib/format.js";
import { useData } from "../lib/load.js";
import { Ago, Card, Facts, Loading, PageHead, Problem, State, now } from "../lib/parts.js";
import { Table } from "../lib/table.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { Anomalies } from "./health/anomalies.js";

const AGAIN_MS = 5_000;
const WORST_FIRST = ["unhealthy", "degraded", "unknown", "healthy"];

const COLUMNS = [
  { name: "Component", cell: (part) => html`<span>${part.name}${part.essential ? html` <span class="badge">essential</span>` : ""}</span>` },
  { name: "State", cell: (part) => html`<${State} name=${part.status} tone=${part.status === "unknown" ? "calm" : undefined} />` },
  { name: "Answered in", align: "end", cell: (part) => duration(part.response_ms) },
  { name: "What it says", cell: (part) => html`<span class=${part.message ? "cause" : "none"}>${part.message ?? "–"}</span>` },
];

// A server that is unhealthy says so with 503 and the same answer.
async function read(signal, isDeep) {
  const at = new Date().toISOString();
  try {
    return { at, ...(await get(`/v1/health${isDeep ? "?deep=true" : ""}`, { signal })) };
  } catch (error) {
    if (error.problem?.components) return { at, ...error.problem };
    throw error;
  }
}

const sorted = (parts) => [...parts].sort((one, other) => WORST_FIRST.indexOf(one.status) - WORST_FIRST.indexOf(other.status));

export function Page() {
  const [isDeep, setDeep] = useState(false);
  const health = useData((signal) => read(signal, isDeep), [isDeep]);
  const { data } = health;
  useEffect(() => {
    if (data && now.value - Date.parse(data.at) >= AGAIN_MS) health.again();
  }, [now.value]);
  const of = (status) => data.components.filter((part) => part.status === status).length;
  return html`<${PageHead} title="Health" lead="Every part of the server, looked at every ${AGAIN_MS / 1000} seconds.">
      <label class="check"><input type="checkbox" checked=${isDeep} onChange=${(event) => setDeep(event.target.checked)} /> Look closely</label>
      <button type="button" onClick=${health.again}>Look now</button>
    <//>
    <${Problem} error=${health.error} again=${health.again} />
    ${!data && !health.error && html`<${Loading} what="health" />`}
    ${data && html`<${Card}><${Facts} of=${[
        ["The server is", html`<span role="status"><${State} name=${data.status} /></span>`],
        ["Healthy", String(of("healthy"))],
        ["Degraded", String(of("degraded"))],
        ["Unhealthy", String(of("unhealthy"))],
        ["Not looked at", String(of("unknown"))],
        ["Looked", html`<${Ago} at=${data.at} />`],
      ]} /><//>
      <${Anomalies} />
      <${Table} caption="Components" className="components" columns=${COLUMNS} rows=${sorted(data.components)} keyOf=${(part) => part.name} />
      <p class="faint">${data.deep
        ? "A close look begins a write, writes a file, and asks Redis and providers."
        : "A close look also begins a write, writes a file, and asks Redis and providers."}</p>`}`;
}
