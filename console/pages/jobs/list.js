// The list of jobs, newest first, as they change.
import { FilterBar } from "../../lib/filter.js";
import { duration } from "../../lib/format.js";
import { LIST_GAP_MS, useFollowing } from "../../lib/follow.js";
import { usePages } from "../../lib/load.js";
import { Ago, Empty, JobLink, Loading, Meter, PageHead, Problem, State, now, toneOf } from "../../lib/parts.js";
import { amend, href } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { Pager, Table } from "../../lib/table.js";
import { html } from "../../lib/ui.js";
import { waitingWords } from "./wording.js";

const PAGE_ROWS = 50;

const QUICK = [
  ["Not ended", "not state in ('succeeded', 'failed', 'cancelled')"],
  ["Waiting", "state = 'waiting'"],
  ["Failed", "state = 'failed'"],
];

const COLUMNS = [
  { name: "Job", cell: (job) => html`<${JobLink} id=${job.id} />` },
  { name: "Kind", cell: (job) => job.kind },
  {
    name: "State",
    cell: (job) => html`<span class="stateful"><${State} name=${job.state} />${job.waiting_for && html` <small class="faint">${waitingWords(job.waiting_for)}</small>`}</span>`,
  },
  { name: "Tasks", cell: (job) => html`<${Meter} ...${job.progress} tone=${toneOf(job.state)} label="Tasks done of ${job.kind}" />` },
  { name: "Labels", minor: true, cell: (job) => Object.keys(job.labels).length > 0 && html`<${Labels} of=${job.labels} />` },
  { name: "Priority", minor: true, align: "end", cell: (job) => job.priority },
  { name: "Took", align: "end", cell: (job) => html`<${Took} job=${job} />` },
  { name: "Created", align: "end", cell: (job) => html`<${Ago} at=${job.created_at} />` },
];

/** How long a job has been at work, or was. */
export function Took({ job }) {
  if (!job.started_at) return html`<span class="faint">not started</span>`;
  const end = job.finished_at ? Date.parse(job.finished_at) : now.value;
  return html`<span class="figure">${duration(Math.max(0, end - Date.parse(job.started_at)))}</span>`;
}

const Labels = ({ of }) =>
  html`<span class="labels">${Object.entries(of).map(([name, value]) => html`<span key=${name} class="badge">${name}=${value}</span> `)}</span>`;

export function JobList({ query }) {
  const pages = usePages("/v1/jobs", { filter: query.filter, limit: PAGE_ROWS });
  const shown = new Set(pages.items.map((job) => job.id));
  // Which job a filter takes in, the server decides: it may change with the state of any.
  const concerns = (frame) => shown.has(frame.job) || (query.filter ? frame.type.startsWith("job.") : frame.type === "job.submitted");
  useFollowing(pages.again, concerns, LIST_GAP_MS);
  const choose = (filter) => amend({ filter });
  const isFilterWrong = pages.error?.field === "filter";
  return html`<${PageHead} title="Jobs">
      ${may("jobs:create") && html`<a class="button primary" href=${href(["jobs", "new"])}>New job</a>`}
    <//>
    <${FilterBar} filter=${query.filter} error=${pages.error} quick=${QUICK} onChange=${choose}
      example="state in ('failed', 'cancelled') and labels.team = 'core'" />
    ${!isFilterWrong && html`<${Problem} error=${pages.error} again=${pages.again} />`}
    ${!pages.data && !pages.error && html`<${Loading} what="jobs" />`}
    ${pages.data && !isFilterWrong && (pages.items.length === 0
      ? html`<${Empty}>${query.filter ? "No job is like that." : "No jobs so far."}<//>`
      : html`<${Table} caption="Jobs" columns=${COLUMNS} rows=${pages.items} keyOf=${(job) => job.id} />`)}
    ${pages.data && !isFilterWrong && (pages.hasBefore || pages.hasNext) && html`<${Pager} pages=${pages} />`}`;
}
