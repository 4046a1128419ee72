// What an operator does to a job. What cannot be undone is asked first.
import { post } from "../../lib/api.js";
import { ask, show } from "../../lib/dialog.js";
import { attempt, tell } from "../../lib/notice.js";
import { Facts } from "../../lib/parts.js";
import { may } from "../../lib/session.js";
import { html, useState } from "../../lib/ui.js";

export function Actions({ job, again }) {
  const [isBusy, setBusy] = useState(false);
  if (job.finished_at) return null;
  const path = (verb) => `/v1/jobs/${encodeURIComponent(job.id)}/${verb}`;
  const act = (question, verb, then) => async () => {
    const answer = question ? await ask(question) : {};
    if (!answer) return;
    setBusy(true);
    const result = await attempt(() => post(path(verb), answer.reason ? { reason: answer.reason } : undefined));
    setBusy(false);
    again();
    if (result !== undefined) then(result);
  };
  const waiting = job.waiting_for?.reason;
  const reason = { label: "Reason", required: false };
  const pause = act({ title: "Pause this job?", text: "Nothing more of it is handed out. What is in hand goes on and is kept.", action: "Pause", reason }, "pause", () => tell("The job is paused."));
  const resume = act(null, "resume", () => tell("The job goes on."));
  const retry = act({ title: "Retry the tasks that have used up their attempts?", text: "They get as many attempts again. What has succeeded stays.", action: "Retry" }, "retry", () => tell("The tasks run again."));
  const cancel = act(
    { title: "Cancel this job?", text: "Tasks that have not succeeded are stopped. This cannot be undone.", action: "Cancel job", danger: true, reason },
    "cancel",
    (receipt) => show("The job is cancelled", html`<${Receipt} of=${receipt} />`),
  );
  return html`
    ${may("jobs:update") && waiting === "operator" && html`<button type="button" class="primary" disabled=${isBusy} onClick=${retry}>Retry</button>`}
    ${may("jobs:update") && (waiting === "paused"
      ? html`<button type="button" class="primary" disabled=${isBusy} onClick=${resume}>Resume</button>`
      : html`<button type="button" disabled=${isBusy} onClick=${pause}>Pause</button>`)}
    ${may("jobs:cancel") && html`<button type="button" class="outline-danger" disabled=${isBusy} onClick=${cancel}>Cancel job</button>`}`;
}

function Receipt({ of }) {
  return html`<div class="receipt"><${Facts} of=${[
    ["Tasks stopped", of.stopped],
    ["Tasks already done", of.already_done],
    ["Outcomes unknown", of.unknown_outcome],
  ]} />
  ${of.unknown_outcome > 0 && html`<p class="warning">A person must find out whether these effects took place: see the effects of the job.</p>`}</div>`;
}
