// Why a job is where it is, and what would move it on.
import { get } from "../../lib/api.js";
import { duration, moment } from "../../lib/format.js";
import { useData } from "../../lib/load.js";
import { Card, Problem } from "../../lib/parts.js";
import { Inline } from "../../lib/prose.js";
import { html, useEffect } from "../../lib/ui.js";

/** Tasks that are explained one by one. */
const TASKS_MAX = 8;

const BECAUSE = {
  in_hand: (task) => `worker ${task.worker} has it${task.total > 0 ? `, ${task.done} of ${task.total} done` : ""}`,
  queued: (task) => `queues behind at most ${task.ahead_at_most}${task.eta_ms === undefined ? "" : `, for about ${duration(task.eta_ms)}`}`,
  breaker: (task) => `the breaker of its role is open for ${duration(task.retry_after_ms)} more`,
  role_paused: () => "its role hands out nothing: an operator paused it, or it drains",
  room: () => "its crew has no room for it",
  paused: () => "the job is paused",
  retry: (task) => `its next attempt is due at ${moment(task.at)}`,
  timer: (task) => `it asked to be run at ${moment(task.until)}`,
  approval: (task) => `a person must approve: ${task.why}`,
  signal: (task) => `the signal ${task.name} must come`,
  unknown_outcome: () => "a person must find out whether its effect took place",
  operator: (task) => (task.process_deaths > 0 ? `${task.process_deaths} processes died of it: retry or cancel` : "it has used up its attempts: retry or cancel"),
  dependency: (task) => `waits for ${task.on.join(", ")}${task.more > 0 ? ` and ${task.more} more` : ""}`,
};

export function Why({ live }) {
  const { job, events } = live;
  const { data, error, again } = useData((signal) => get(`/v1/jobs/${encodeURIComponent(job.id)}/why`, { signal }), [job.id], { gapMs: 500 });
  useEffect(again, [events.length, live.tasks]);
  if (error) return html`<${Problem} error=${error} again=${again} />`;
  if (!data) return null;
  const tasks = data.tasks.slice(0, TASKS_MAX);
  const more = data.more_tasks + data.tasks.length - tasks.length;
  return html`<${Card} title="Why it is here">
    <p><${Inline} text=${data.summary} /></p>
    ${tasks.length > 1 && html`<details><summary>${data.tasks.length + data.more_tasks} open tasks</summary><ul class="whys">
      ${tasks.map((task) => html`<li key=${task.task.id}><b>${task.task.name}</b> ${BECAUSE[task.because]?.(task) ?? task.because}
        <span class="faint"> attempt ${task.attempt} of ${task.attempts_max}${task.last_error ? `, last: ${task.last_error.code} ${task.last_error.message}` : ""}</span></li>`)}
      ${more > 0 && html`<li class="faint">and ${more} more</li>`}
    </ul></details>`}
    ${data.recoveries > 0 && html`<p class="faint">Taken up again by ${data.recoveries} processes since a task last succeeded.</p>`}
    ${data.owner && html`<p class="faint">Moved by ${data.owner.process}, ${data.owner.node}.</p>`}
  <//>`;
}
