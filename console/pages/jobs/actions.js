// What people do to a job. What cannot be undone is asked first.
import { post } from "../../lib/api.js";
import { answered, show } from "../../lib/dialog.js";
import { save } from "../../lib/download.js";
import { attempt, tell } from "../../lib/notice.js";
import { Facts } from "../../lib/parts.js";
import { href } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { html, useState } from "../../lib/ui.js";
import { RESOLUTIONS } from "./resolutions.js";

const reason = { label: "Reason", required: false };
const withReason = (answer) => (answer.reason ? { reason: answer.reason } : undefined);
const ofJob = (job, verb) => `/v1/jobs/${encodeURIComponent(job.id)}/${verb}`;
const reasonOf = (job) => job.waiting_for?.reason;

/**
 * Each has a `label`, the permission it `needs`, `when` it is offered, the `question` that is asked first if any, the `path` it is
 * posted to with a `body` made of the answer, and what is `said` when it is done.
 */
const ACTIONS = [
  {
    label: "Approve",
    look: "primary",
    needs: "approvals:decide",
    when: (job) => reasonOf(job) === "approval",
    question: { title: "Approve?", text: "The task goes on. A decision is made once.", action: "Approve", reason },
    path: (job) => `/v1/approvals/${job.waiting_for.approval}/approve`,
    body: withReason,
    said: "The task is approved.",
  },
  {
    label: "Reject",
    needs: "approvals:decide",
    when: (job) => reasonOf(job) === "approval",
    question: { title: "Reject?", text: "The task fails. A decision is made once.", action: "Reject", danger: true, reason },
    path: (job) => `/v1/approvals/${job.waiting_for.approval}/reject`,
    body: withReason,
    said: "The task is rejected.",
  },
  {
    label: "Send signal",
    look: "primary",
    needs: "jobs:update",
    when: (job) => reasonOf(job) === "signal",
    question: { title: "Send the signal?", action: "Send", json: { label: "What the task gets, as JSON", text: "{}" } },
    path: (job) => ofJob(job, `signals/${encodeURIComponent(job.waiting_for.name)}`),
    body: (answer) => answer.json,
    said: "The signal is sent.",
  },
  ...RESOLUTIONS.map((resolution) => ({
    ...resolution,
    needs: "jobs:update",
    when: (job) => reasonOf(job) === "unknown_outcome",
    path: (job) => `/v1/effects/${job.waiting_for.effect}/resolve`,
  })),
  {
    label: "Retry",
    look: "primary",
    needs: "jobs:update",
    when: (job) => reasonOf(job) === "operator",
    question: { title: "Retry the tasks that have used up their attempts?", text: "They get as many attempts again. What has succeeded stays.", action: "Retry" },
    path: (job) => ofJob(job, "retry"),
    body: () => undefined,
    said: "The tasks run again.",
  },
  {
    label: "Resume",
    look: "primary",
    needs: "jobs:update",
    when: (job) => reasonOf(job) === "paused",
    path: (job) => ofJob(job, "resume"),
    body: () => undefined,
    said: "The job goes on.",
  },
  {
    label: "Pause",
    needs: "jobs:update",
    when: (job) => reasonOf(job) !== "paused",
    question: { title: "Pause this job?", text: "Nothing more of it is handed out. What is in hand goes on and is kept.", action: "Pause", reason },
    path: (job) => ofJob(job, "pause"),
    body: withReason,
    said: "The job is paused.",
  },
  {
    label: "Cancel job",
    look: "outline-danger",
    needs: "jobs:cancel",
    when: () => true,
    question: { title: "Cancel this job?", text: "Tasks that have not succeeded are stopped. This cannot be undone.", action: "Cancel job", danger: true, reason },
    path: (job) => ofJob(job, "cancel"),
    body: withReason,
    then: (receipt) => show("The job is cancelled", html`<${Receipt} of=${receipt} />`),
  },
];

export function Actions({ job, again }) {
  const [isBusy, setBusy] = useState(false);
  if (job.finished_at) return html`<${AfterTheEnd} job=${job} />`;
  const take = async (action) => {
    const answer = action.question ? await attempt(() => answered(action.question)) : {};
    if (!answer) return;
    setBusy(true);
    await attempt(async () => {
      const result = await post(action.path(job), action.body(answer));
      if (action.then) action.then(result);
      else tell(action.said);
    });
    setBusy(false);
    again();
  };
  return ACTIONS.filter((action) => may(action.needs) && action.when(job)).map(
    (action) => html`<button key=${action.label} type="button" class=${action.look} disabled=${isBusy} onClick=${() => take(action)}>${action.label}</button>`,
  );
}

/** What can be done with a job that has ended. */
function AfterTheEnd({ job }) {
  return html`${may("audit:read") && html`<button type="button" onClick=${() => attempt(() => save(ofJob(job, "evidence"), `evidence-${job.id}.json`))}>Evidence</button>`}
    ${may("jobs:create") && may("results:read") && html`<a class="button primary" href=${href(["jobs", "new"], { kind: job.kind, from: job.id })}>Run again</a>`}`;
}

function Receipt({ of }) {
  return html`<div class="receipt"><${Facts} of=${[
    ["Tasks stopped", of.stopped],
    ["Tasks already done", of.already_done],
    ["Outcomes unknown", of.unknown_outcome],
  ]} />
  ${of.unknown_outcome > 0 && html`<p class="warning">A person must find out whether these <a href=${href(["effects"], { filter: `job = '${of.job}' and state = 'unknown'` })}>effects</a> took place.</p>`}</div>`;
}
