// What happened to a job, newest first.
import { moment, words } from "../../lib/format.js";
import { Empty, Tree, When } from "../../lib/parts.js";
import { html, useState } from "../../lib/ui.js";

/** Rows that are shown at once. */
const ROWS = 200;

const failure = ({ kind, message } = {}) => (kind ? `${words(kind)}${message ? `: ${message}` : ""}` : "");

/** In a few words what an event says; `name` gives the name of a task. */
const SAID = {
  "job.submitted": (data) => `${data.kind}, priority ${data.priority}`,
  "job.planning": (data) => `by ${data.task?.role}`,
  "job.planned": (data) => `${data.tasks?.length} tasks, then ${data.aggregate?.name}${data.check ? ` and ${data.check.name}` : ""}`,
  "tasks.added": (data, name) => `${data.tasks?.length} tasks by ${name(data.by)}`,
  "task.succeeded": (data, name) => `${name(data.task)} at attempt ${data.attempt}`,
  "task.retried": (data, name) => `${name(data.task)}: ${failure(data.cause)}; attempt ${data.attempt} at ${moment(data.at)}`,
  "task.failed": (data, name) => `${name(data.task)}: ${failure(data.failure)}`,
  "task.exhausted": (data, name) => `${name(data.task)}: ${failure(data.failure)}; waits for an operator`,
  "task.quarantined": (data, name) => `${name(data.task)}: ${data.deaths} processes died of it`,
  "task.renewed": (data, name) => `${name(data.task)} has attempts up to ${data.attempts_max}`,
  "task.snoozed": (data, name) => `${name(data.task)} until ${moment(data.until)}`,
  "task.started": (data, name) => `${name(data.task)} at attempt ${data.attempt}`,
  "task.released": (data, name) => `${name(data.task)}${data.lost ? ", lost with its process" : ""}`,
  "task.woken": (data, name) => name(data.task),
  "approval.requested": (data, name) => `${name(data.task)}: ${data.why}`,
  "approval.decided": (data) => `${data.verdict} by ${data.by}${data.reason ? `: ${data.reason}` : ""}`,
  "signal.awaited": (data, name) => `${name(data.task)} waits for ${data.name}`,
  "signal.received": (data) => data.name,
  "signal.taken": (data, name) => `${data.name} by ${name(data.task)}`,
  "effect.unknown": (data, name) => `${name(data.task)}: ${failure(data.failure)}`,
  "effect.resolved": (data) => `${data.resolution} by ${data.by}`,
  "job.recovered": (data) => `taken up by a new process, ${data.n} times without progress`,
  "job.paused": (data) => data.reason,
  "job.resumed": (data) => data.reason,
  "job.cancelled": (data) => data.reason,
  "job.failed": (data) => failure(data.failure),
  "job.waiting": (data) => words(data.waiting_for?.reason ?? Object.keys(data.waiting_for ?? {})[0] ?? ""),
};

const toneOf = (type) => {
  if (/succeeded|decided|resolved/.test(type)) return "good";
  if (/failed|exhausted|quarantined|unknown|cancelled/.test(type)) return "bad";
  if (/retried|waiting|paused|snoozed|requested|awaited|recovered|released/.test(type)) return "wait";
  return "busy";
};

export function Events({ live }) {
  const [rows, setRows] = useState(ROWS);
  const { events, tasks, areEventsCut } = live;
  if (events.length === 0) return html`<${Empty}>Nothing has happened so far.<//>`;
  const names = new Map(tasks.map((task) => [task.id, task.name]));
  const name = (id) => names.get(id) ?? `task ${id}`;
  const shown = events.slice(-rows).reverse();
  return html`<section class="card"><ol class="events" aria-label="Events, newest first">
      ${shown.map((event) => html`<${Row} key=${event.seq} event=${event} name=${name} />`)}
    </ol></section>
    ${events.length > rows && html`<div class="pager"><button type="button" onClick=${() => setRows(rows + ROWS)}>Show older</button></div>`}
    ${areEventsCut && events.length <= rows && html`<p class="faint">Older events are to be had from the command line.</p>`}`;
}

function Row({ event, name }) {
  const [isOpen, setOpen] = useState(false);
  const said = event.data && SAID[event.type]?.(event.data, name);
  const hasData = event.data && Object.keys(event.data).length > 0;
  return html`<li>
    <span class="seq">${event.seq}</span>
    <${When} at=${event.at} isPrecise=${true} />
    <span class="event-type ${toneOf(event.type)}"><span class="dot" aria-hidden="true"></span>${event.type}</span>
    <span class="said">${said}</span>
    ${hasData && html`<button type="button" class="quiet" aria-expanded=${isOpen} aria-label="${isOpen ? "Hide" : "Data"} of event ${event.seq}" onClick=${() => setOpen(!isOpen)}>${isOpen ? "Hide" : "Data"}</button>`}
    ${isOpen && html`<div class="event-data"><${Tree} value=${event.data} /></div>`}
  </li>`;
}
