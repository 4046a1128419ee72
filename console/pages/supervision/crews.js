// The crews of a group: one row each, and below the opened one its workers and what can be done about it.
import { count, duration } from "../../lib/format.js";
import { State } from "../../lib/parts.js";
import { go } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { Table } from "../../lib/table.js";
import { Fragment, html, useId } from "../../lib/ui.js";
import { Actions } from "./actions.js";
import { generations, panicsOf, silence } from "./tree.js";

const HEAD = [
  ["Role"],
  ["State"],
  ["Waiting", "end"],
  ["In hand", "end"],
  ["Unacknowledged", "end minor"],
  ["Breaker"],
  ["Workers", "end"],
  ["Generation", "end minor"],
  ["Panics", "end"],
  ["Deaths", "end minor"],
  ["Silent for", "end minor"],
];

const runningTone = (state) => (state === "running" ? "good" : undefined);

export function Crews({ crews, opened, changed, group }) {
  return html`<div class="table-frame"><table class="crews">
    <caption class="hidden">Crews of ${group}</caption>
    <thead><tr>${HEAD.map(([name, classes]) => html`<th key=${name} scope="col" class=${classes}>${name}</th>`)}</tr></thead>
    <tbody>${crews.map((node) => html`<${Crew} key=${node.path} node=${node} isOpen=${node.name === opened} changed=${changed} />`)}</tbody>
  </table></div>`;
}

function Crew({ node, isOpen, changed }) {
  const { crew } = node;
  const id = useId();
  const busy = crew.workers.filter((worker) => worker.state === "busy").length;
  const unwell = crew.workers.filter((worker) => ["backoff", "dead"].includes(worker.state)).length;
  const cell = (name, value) => {
    const [, classes] = HEAD.find(([head]) => head === name);
    return html`<td class=${classes} data-name=${name}>${value}</td>`;
  };
  const toggle = () => go(isOpen ? ["supervision"] : ["supervision", node.name]);
  return html`<${Fragment}>
    <tr class=${isOpen ? "opened" : ""}>
      ${cell("Role", html`<button type="button" class="quiet toggle" aria-expanded=${isOpen} aria-controls=${isOpen ? id : undefined} onClick=${toggle}>
        <span class="chevron" aria-hidden="true"></span>${node.name}</button>`)}
      ${cell("State", html`<${State} name=${node.state} tone=${runningTone(node.state)} />`)}
      ${cell("Waiting", html`<span title="of ${count(crew.queue_max)} at most">${count(crew.queue_depth)}</span>`)}
      ${cell("In hand", count(crew.in_hand))}
      ${cell("Unacknowledged", count(crew.held))}
      ${cell("Breaker", html`<${State} name=${crew.breaker.state} />`)}
      ${cell("Workers", html`<span title="${busy} busy, ${unwell} without an instance">${busy}/${crew.workers.length}${unwell > 0 ? html` <span class="error-text">${unwell} down</span>` : ""}</span>`)}
      ${cell("Generation", generations(crew))}
      ${cell("Panics", count(panicsOf(crew)))}
      ${cell("Deaths", `${node.restarts_in_window}/${node.intensity.restarts_max}`)}
      ${cell("Silent for", duration(silence(crew)))}
    </tr>
    ${isOpen && html`<tr class="detail" id=${id}><td colspan=${HEAD.length}><${Detail} node=${node} changed=${changed} /></td></tr>`}
  <//>`;
}

const WORKERS = [
  { name: "Worker", cell: (worker) => worker.index },
  { name: "State", cell: (worker) => html`<${State} name=${worker.state} tone=${worker.state === "dead" ? "bad" : worker.state === "backoff" ? "wait" : undefined} />` },
  { name: "Generation", align: "end", cell: (worker) => count(worker.generation) },
  { name: "In hand", align: "end", cell: (worker) => count(worker.in_hand) },
  { name: "Silent for", align: "end", cell: (worker) => duration(worker.since_progress_ms) },
  { name: "Panics", align: "end", cell: (worker) => count(worker.panics) },
];

function Detail({ node, changed }) {
  const { crew } = node;
  const { breaker } = crew;
  return html`<div class="crew-detail">
    ${may("supervision:operate") && html`<${Actions} node=${node} changed=${changed} />`}
    <p class="faint">
      ${breaker.state === "open" ? `The breaker lets a task through in ${duration(breaker.retry_after_ms)}. ` : ""}
      Its cooldown is ${duration(breaker.cooldown_ms)}. ${count(crew.queue_depth)} of ${count(crew.queue_max)} places in the queue are taken.
    </p>
    ${crew.last_failure && html`<p><span class="faint">Last failure:</span> <code>${crew.last_failure}</code></p>`}
    <${Table} caption="Workers of ${node.name}" columns=${WORKERS} rows=${crew.workers} keyOf=${(worker) => worker.index} />
  </div>`;
}
