// What tasks ask of people, and what was answered.
import { post } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { FilterBar } from "../lib/filter.js";
import { duration } from "../lib/format.js";
import { LIST_GAP_MS, useFollowing } from "../lib/follow.js";
import { usePages } from "../lib/load.js";
import { attempt, tell } from "../lib/notice.js";
import { Ago, Empty, Id, JobLink, Loading, PageHead, Problem, State, now } from "../lib/parts.js";
import { amend } from "../lib/router.js";
import { may } from "../lib/session.js";
import { Pager, Table } from "../lib/table.js";
import { html } from "../lib/ui.js";

const PAGE_ROWS = 50;
const PENDING = "state = 'pending'";
const QUICK = [
  ["Pending", PENDING],
  ["Decided", "state in ('approved', 'rejected')"],
  ["Lapsed", "state in ('expired', 'withdrawn')"],
];
/** Every approval is asked for by `filter=all`: an empty one stands for those that wait. */
const ALL = "all";

/** Events with which the end of a job takes its questions back. */
const ENDS = ["job.failed", "job.cancelled"];

/** How long there is left to decide. */
const Left = ({ until }) => {
  const ms = Date.parse(until) - now.value;
  return html`<time datetime=${until} title=${until} class=${ms < 60_000 ? "error-text" : ""}>${ms > 0 ? duration(ms) : "over"}</time>`;
};

const answered = (approval) =>
  approval.decided_at ? html`<span>${approval.decided_by ?? "the server"}${approval.reason ? `: ${approval.reason}` : ""}</span>` : html`<span class="faint">–</span>`;

const columns = (changed) => [
  { name: "Question", cell: (approval) => html`<span class="question">${approval.why}</span>` },
  { name: "State", cell: (approval) => html`<${State} name=${approval.state} tone=${approval.state === "pending" ? "wait" : undefined} />` },
  { name: "Job", cell: (approval) => html`<${JobLink} id=${approval.job} />` },
  { name: "Task", minor: true, cell: (approval) => html`<span>${approval.task.name} <span class="faint">${approval.task.role}</span></span>` },
  { name: "Asked", align: "end", cell: (approval) => html`<${Ago} at=${approval.requested_at} />` },
  { name: "Time left", align: "end", cell: (approval) => (approval.state === "pending" ? html`<${Left} until=${approval.expires_at} />` : "–") },
  { name: "Answer", cell: answered },
  { name: "Decide", align: "end", cell: (approval) => html`<${Decide} approval=${approval} changed=${changed} />` },
];

function Decide({ approval, changed }) {
  if (approval.state !== "pending" || !may("approvals:decide")) return html`<span class="faint">–</span>`;
  const decide = async (verb, label, danger) => {
    const answer = await ask({
      title: `${label}?`,
      body: html`<blockquote>${approval.why}</blockquote>
        <p class="faint">${approval.task.name} of <${JobLink} id=${approval.job} /> · <${Id} id=${approval.id} /></p>`,
      action: label,
      danger,
      reason: { label: "Remark" },
    });
    if (answer === null) return;
    const body = answer.reason ? { reason: answer.reason } : {};
    const decided = await attempt(() => post(`/v1/approvals/${approval.id}/${verb}`, body));
    if (decided) tell(`${decided.task.name}: ${decided.state}`);
    changed();
  };
  return html`<span class="actions end">
    <button type="button" class="primary" aria-label="Approve: ${approval.why}" onClick=${() => decide("approve", "Approve", false)}>Approve</button>
    <button type="button" class="outline-danger" aria-label="Reject: ${approval.why}" onClick=${() => decide("reject", "Reject", true)}>Reject</button>
  </span>`;
}

export function Page({ query }) {
  const filter = query.filter ?? PENDING;
  const pages = usePages("/v1/approvals", { filter: filter === ALL ? undefined : filter, limit: PAGE_ROWS });
  const jobs = new Set(pages.items.map((approval) => approval.job));
  useFollowing(pages.again, (frame) => frame.type.startsWith("approval.") || (ENDS.includes(frame.type) && jobs.has(frame.job)), LIST_GAP_MS);
  const isFilterWrong = pages.error?.field === "filter";
  return html`<${PageHead} title="Approvals" lead="What tasks ask of people." />
    <${FilterBar} filter=${filter === ALL ? "" : filter} error=${pages.error} quick=${QUICK} onChange=${(text) => amend({ filter: text || ALL })}
      example="state = 'pending' and why like '%refund%'" />
    ${!isFilterWrong && html`<${Problem} error=${pages.error} again=${pages.again} />`}
    ${!pages.data && !pages.error && html`<${Loading} what="approvals" />`}
    ${pages.data && !isFilterWrong && (pages.items.length === 0
      ? html`<${Empty}>${filter === PENDING ? "Nothing waits for a decision." : "No approval is like that."}<//>`
      : html`<${Table} caption="Approvals" columns=${columns(pages.again)} rows=${pages.items} keyOf=${(approval) => approval.id} />`)}
    ${pages.data && !isFilterWrong && (pages.hasBefore || pages.hasNext) && html`<${Pager} pages=${pages} />`}`;
}
