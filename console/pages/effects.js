// Attempts that act outside, and what people find out about those whose outcome is unknown.
import { post } from "../lib/api.js";
import { answered } from "../lib/dialog.js";
import { FilterBar } from "../lib/filter.js";
import { LIST_GAP_MS, useFollowing } from "../lib/follow.js";
import { usePages } from "../lib/load.js";
import { attempt, tell } from "../lib/notice.js";
import { Ago, Empty, Id, JobLink, Loading, PageHead, Problem, State } from "../lib/parts.js";
import { amend } from "../lib/router.js";
import { may } from "../lib/session.js";
import { Pager, Table } from "../lib/table.js";
import { html } from "../lib/ui.js";
import { RESOLUTIONS } from "./jobs/resolutions.js";

const PAGE_ROWS = 50;
const UNKNOWN = "state = 'unknown'";
const QUICK = [
  ["Unknown", UNKNOWN],
  ["Resolved", "state = 'resolved'"],
  ["Under way", "state = 'intended'"],
];
/** Every effect is asked for by `filter=all`: an empty one stands for those whose outcome is unknown. */
const ALL = "all";

const TONES = { unknown: "bad", intended: "busy", resolved: "calm" };

const columns = (changed) => [
  { name: "Task", cell: (effect) => html`<span>${effect.task.name} <span class="faint">attempt ${effect.attempt}</span></span>` },
  { name: "State", cell: (effect) => html`<${State} name=${effect.state} tone=${TONES[effect.state]} />` },
  { name: "Job", cell: (effect) => html`<${JobLink} id=${effect.job} />` },
  { name: "Role", minor: true, cell: (effect) => effect.task.role },
  { name: "Repeated", minor: true, cell: (effect) => (effect.class === "once" ? "never" : "under its key") },
  { name: "Key", minor: true, cell: (effect) => html`<span class="mono cause">${effect.key}</span>` },
  { name: "Began", align: "end", cell: (effect) => html`<${Ago} at=${effect.intended_at} />` },
  { name: "Said of it", cell: (effect) => html`<span class="cause">${[effect.resolved_by, effect.reason].filter(Boolean).join(": ") || "–"}</span>` },
  { name: "Resolve", align: "end", cell: (effect) => html`<${Resolve} effect=${effect} changed=${changed} />` },
];

function Resolve({ effect, changed }) {
  if (effect.state !== "unknown" || !may("jobs:update")) return html`<span class="faint">–</span>`;
  const resolve = async ({ question, body }) => {
    const about = html`<p class="faint">${effect.task.name} of <${JobLink} id=${effect.job} /> · <${Id} id=${effect.id} />. Of a job that has ended it is only recorded.</p>`;
    const answer = await attempt(() => answered({ ...question, twice: true, body: about }));
    if (!answer) return;
    if (await attempt(() => post(`/v1/effects/${effect.id}/resolve`, body(answer)))) tell(`${effect.task.name}: resolved`);
    changed();
  };
  return html`<span class="actions end">${RESOLUTIONS.map((resolution) => html`<button key=${resolution.label} type="button" class=${resolution.question.danger ? "outline-danger" : "primary"}
    aria-label="${resolution.label}: ${effect.task.name}" onClick=${() => resolve(resolution)}>${resolution.label}</button>`)}</span>`;
}

export function Page({ query }) {
  const filter = query.filter ?? UNKNOWN;
  const pages = usePages("/v1/effects", { filter: filter === ALL ? undefined : filter, limit: PAGE_ROWS });
  const jobs = new Set(pages.items.map((effect) => effect.job));
  useFollowing(pages.again, (frame) => frame.type.startsWith("effect.") || frame.data?.effect !== undefined || jobs.has(frame.job), LIST_GAP_MS);
  const isFilterWrong = pages.error?.field === "filter";
  return html`<${PageHead} title="Effects" lead="Attempts that act outside. What became of an unknown one is for a person to find out." />
    <${FilterBar} filter=${filter === ALL ? "" : filter} error=${pages.error} quick=${QUICK} onChange=${(text) => amend({ filter: text || ALL })}
      example="state = 'unknown' and class = 'once'" />
    ${!isFilterWrong && html`<${Problem} error=${pages.error} again=${pages.again} />`}
    ${!pages.data && !pages.error && html`<${Loading} what="effects" />`}
    ${pages.data && !isFilterWrong && (pages.items.length === 0
      ? html`<${Empty}>${filter === UNKNOWN ? "No outcome is unknown." : "No effect is like that."}<//>`
      : html`<${Table} caption="Effects" columns=${columns(pages.again)} rows=${pages.items} keyOf=${(effect) => effect.id} />`)}
    ${pages.data && !isFilterWrong && (pages.hasBefore || pages.hasNext) && html`<${Pager} pages=${pages} />`}`;
}
