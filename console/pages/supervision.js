// The supervision tree as it is, what happens to it, and stepping in at a crew.
import { get } from "../lib/api.js";
import { count } from "../lib/format.js";
import { watchSupervision } from "../lib/live.js";
import { useData } from "../lib/load.js";
import { Card, Empty, Facts, Loading, PageHead, Problem, now } from "../lib/parts.js";
import { html, useEffect } from "../lib/ui.js";
import { Crews } from "./supervision/crews.js";
import { EventLog } from "./supervision/events.js";
import { Deaths, Residents } from "./supervision/residents.js";
import { crewsOf, groupsOf } from "./supervision/tree.js";

export function Page({ parts, query }) {
  const tree = useData((signal) => get("/v1/supervision", { signal }), []);
  // Figures of a crew come without an event: the tree is read once a second, and at once when something happens.
  useEffect(() => tree.again(), [now.value]);
  useEffect(() => watchSupervision(tree.again), [tree.again]);
  const root = tree.data?.root;
  return html`<${PageHead} title="Supervision" lead="Every actor, what it has in hand, and what happens to it." />
    <${Problem} error=${tree.error} again=${tree.again} />
    ${!root && !tree.error && html`<${Loading} what="the supervision tree" />`}
    ${root && html`<${Sum} crews=${crewsOf(root)} />
      ${groupsOf(root).map((group) => html`<${Group} key=${group.path} group=${group} opened=${parts[0]} changed=${tree.again} />`)}
      <${EventLog} role=${parts[0]} kind=${query.kind} />`}`;
}

function Sum({ crews }) {
  const sum = (figure) => crews.reduce((total, { crew }) => total + figure(crew), 0);
  const workers = sum((crew) => crew.workers.length);
  const busy = sum((crew) => crew.workers.filter((worker) => worker.state === "busy").length);
  return html`<${Card}><${Facts} of=${[
    ["Crews", count(crews.length)],
    ["Workers busy", `${count(busy)} of ${count(workers)}`],
    ["Tasks waiting", count(sum((crew) => crew.queue_depth))],
    ["Tasks in hand", count(sum((crew) => crew.in_hand))],
    ["Breakers not closed", count(crews.filter(({ crew }) => crew.breaker.state !== "closed").length)],
    ["Panics of tasks", count(sum((crew) => crew.workers.reduce((panics, worker) => panics + worker.panics, 0)))],
  ]} /><//>`;
}

/** One group of the tree: its crews in one table, its residents in another. */
function Group({ group, opened, changed }) {
  const crews = group.children.filter((child) => child.crew);
  const residents = group.children.filter((child) => child.kind === "resident");
  if (crews.length + residents.length === 0) return html`<${Card} title=${group.path}><${Empty}>Nobody is in this group.<//><//>`;
  const title = html`<span class="mono">${group.path}</span> <small class="faint">${group.strategy?.replaceAll("_", " ")}</small>`;
  return html`<${Card} title=${title} actions=${html`<${Deaths} node=${group} />`}>
    ${crews.length > 0 && html`<${Crews} crews=${crews} opened=${opened} changed=${changed} group=${group.path} />`}
    ${residents.length > 0 && html`<${Residents} residents=${residents} group=${group.path} />`}
  <//>`;
}
