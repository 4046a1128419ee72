// One job, as it goes on.
import { Card, Copy, Empty, Facts, Id, Loading, Meter, PageHead, Problem, State, Tree, When, toneOf } from "../../lib/parts.js";
import { duration } from "../../lib/format.js";
import { href } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { html } from "../../lib/ui.js";
import { Actions } from "./actions.js";
import { Artifacts } from "./artifacts.js";
import { Events } from "./events.js";
import { FactList } from "./facts.js";
import { Graph } from "./graph.js";
import { useJob } from "./job-data.js";
import { Took } from "./list.js";
import { Result } from "./result.js";
import { TaskList } from "./tasks.js";
import { Timeline } from "./timeline.js";
import { Why } from "./why.js";
import { waitingWords } from "./wording.js";

const TABS = [
  { name: "overview", title: "Overview", Part: Overview },
  { name: "result", title: "Result", needs: "results:read", Part: ResultTab },
  { name: "tasks", title: "Tasks", Part: ({ live }) => html`<${TaskList} tasks=${live.tasks} />` },
  { name: "events", title: "Events", Part: ({ live }) => html`<${Events} live=${live} />` },
  { name: "facts", title: "Facts", needs: "results:read", Part: ({ job }) => html`<${FactList} job=${job} />` },
  { name: "artifacts", title: "Artifacts", Part: ({ job }) => html`<${Artifacts} job=${job} />` },
  { name: "input", title: "Input", needs: "results:read", Part: ({ job }) => html`<${Card} title="Input" actions=${html`<${Copy} text=${JSON.stringify(job.input, null, 2)} />`}><${Tree} value=${job.input} /><//>` },
];

export function Job({ id, query }) {
  const live = useJob(id);
  const { job, error, again } = live;
  if (!job) {
    return html`<${PageHead} title=${id} /><${Problem} error=${error} again=${again} />${!error && html`<${Loading} what="the job" />`}`;
  }
  const tabs = TABS.filter((tab) => !tab.needs || may(tab.needs));
  const chosen = tabs.find((tab) => tab.name === query.tab) ?? tabs[0];
  return html`<nav class="crumbs" aria-label="Breadcrumb"><a href=${href(["jobs"])}>Jobs</a> / <span aria-current="page"><${Id} id=${id} /></span></nav>
    <${PageHead} title=${job.kind} lead=${html`<${Id} id=${id} full=${true} /> <${Copy} text=${id} label="Copy id" />`}>
      <${Actions} job=${job} again=${again} />
    <//>
    <${Problem} error=${error} again=${again} />
    <${Card}><${Summary} job=${job} /><//>
    ${job.error && html`<div class="problem"><p><b>${job.error.code}</b> ${job.error.task !== undefined && html`<span>in task ${nameOf(live.tasks, job.error.task)}: </span>`}${job.error.message}</p></div>`}
    ${!job.finished_at && may("logs:read") && html`<${Why} live=${live} />`}
    <nav class="tabs job-tabs" aria-label="Parts of the job">
      ${tabs.map((tab) => html`<a key=${tab.name} class="button" href=${href(["jobs", id], tab === tabs[0] ? {} : { tab: tab.name })}
        aria-current=${tab === chosen ? "page" : undefined}>${tab.title}</a>`)}
    </nav>
    <${chosen.Part} job=${job} live=${live} />`;
}

const nameOf = (tasks, id) => tasks.find((task) => task.id === id)?.name ?? id;

function Summary({ job }) {
  const waited = job.started_at ? Date.parse(job.started_at) - Date.parse(job.created_at) : null;
  return html`<${Facts} of=${[
    ["State", html`<${State} name=${job.state} />${job.waiting_for ? html` <span class="faint">${waitingWords(job.waiting_for)}</span>` : ""}`],
    ["Tasks done", html`<${Meter} ...${job.progress} tone=${toneOf(job.state)} label="Tasks done" />`],
    ["Took", html`<${Took} job=${job} />`],
    ["Created", html`<${When} at=${job.created_at} />`],
    ["Finished", html`<${When} at=${job.finished_at} />`],
    ["Queued for", duration(waited)],
    job.deadline && ["Deadline", html`<${When} at=${job.deadline} />`],
    ["Priority", job.priority],
    ["Tenant", job.tenant],
    Object.keys(job.labels).length > 0 && ["Labels", Object.entries(job.labels).map(([name, value]) => html`<span key=${name} class="badge">${name}=${value}</span> `)],
  ]} />`;
}

function Overview({ job, live }) {
  return html`<${Card} title="Graph of tasks"><${Graph} tasks=${live.tasks} added=${live.added} /><//>
    <${Card} title="Timeline"><${Timeline} job=${job} tasks=${live.tasks} events=${live.events} isCut=${live.areEventsCut} /><//>`;
}

function ResultTab({ job }) {
  if (job.result === undefined) return html`<${Empty}>${job.finished_at ? "The job has no result." : "There is no result so far."}<//>`;
  return html`<${Result} job=${job} />`;
}
