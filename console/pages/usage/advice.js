// Where the time of tasks goes on the whole server, and what could be done about it.
import { get } from "../../lib/api.js";
import { count, duration, percent } from "../../lib/format.js";
import { useData } from "../../lib/load.js";
import { Card, Empty, Loading, Problem, When } from "../../lib/parts.js";
import { Table } from "../../lib/table.js";
import { html } from "../../lib/ui.js";

/** The most expensive of each; GET /v1/advice has the others. */
const SHOWN_MAX = 8;

const time = [
  { name: "Time", align: "end", cell: (one) => duration(one.task_ms) },
  { name: "Share", align: "end", cell: (one) => percent(one.share) },
];

const ROLES = [
  { name: "Role", cell: (one) => one.role },
  ...time,
  { name: "Attempts", align: "end", cell: (one) => count(one.attempts) },
  { name: "Runs", align: "end", cell: (one) => duration(one.median_run_ms) },
  { name: "Waits", align: "end", cell: (one) => duration(one.median_wait_ms) },
  { name: "For nothing", align: "end", minor: true, cell: (one) => duration(one.wasted_ms) },
];

const KINDS = [
  { name: "Kind", cell: (one) => one.kind },
  ...time,
  { name: "Jobs", align: "end", cell: (one) => count(one.jobs) },
  { name: "Failed", align: "end", cell: (one) => count(one.failed) },
  { name: "Refused", align: "end", minor: true, cell: (one) => count(one.refused) },
  { name: "Takes", align: "end", cell: (one) => duration(one.median_latency_ms) },
];

const Suggestions = ({ of, name }) => html`${of.flatMap((one) => one.suggestions.map((suggestion) => html`<li key="${name(one)} ${suggestion.code}">
  <b>${name(one)}</b>: ${suggestion.text}${suggestion.setting && html` <code>${suggestion.setting}</code>`}</li>`))}`;

export function Advice() {
  const advice = useData((signal) => get("/v1/advice", { signal }), []);
  const { data } = advice;
  const again = html`<button type="button" onClick=${advice.again}>Look now</button>`;
  const suggested = data && [...data.roles, ...data.kinds].some((one) => one.suggestions.length > 0);
  return html`<${Card} title="What the time of tasks goes into, of every tenant" className="advice" actions=${again}>
    <${Problem} error=${advice.error} again=${advice.again} />
    ${!data && !advice.error && html`<${Loading} what="advice" />`}
    ${data && html`<p class="faint">Since <${When} at=${data.since} />. Runs and waits are medians. No prices are known: time is the cost.</p>
      ${data.roles.length === 0 && html`<${Empty}>No task has run yet.<//>`}
      ${data.roles.length > 0 && html`<${Table} caption="Roles by the time of their tasks" columns=${ROLES} rows=${data.roles.slice(0, SHOWN_MAX)} keyOf=${(one) => one.role} />`}
      ${data.kinds.length > 0 && html`<${Table} caption="Kinds by the time of their tasks" columns=${KINDS} rows=${data.kinds.slice(0, SHOWN_MAX)} keyOf=${(one) => one.kind} />`}
      ${suggested && html`<h3>What could be done</h3><ul class="whys">
        <${Suggestions} of=${data.roles} name=${(one) => one.role} /><${Suggestions} of=${data.kinds} name=${(one) => one.kind} />
      </ul>`}`}
  <//>`;
}
