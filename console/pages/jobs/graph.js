// The tasks of a job as a graph, with their states as they change. Many tasks that are alike are one node with their number.
import { duration, fit, words } from "../../lib/format.js";
import { Layers, NARROW_PX } from "../../lib/layers.js";
import { Empty, Facts, State, When, toneOf } from "../../lib/parts.js";
import { html, useMemo, useState } from "../../lib/ui.js";

/** More tasks than this that are alike are one node; where it is narrow fewer have room. */
const ALIKE_MAX = { wide: 12, narrow: 2 };
/** More nodes than this are not drawn. */
const NODES_MAX = 400;
const NODE = { width: 184, height: 46 };
const NAME_CHARS = 20;
const ROLE_CHARS = 24;

/** From the one that says most of a group of tasks to the one that says least. */
const GRAVITY = ["failed", "waiting", "retrying", "running", "ready", "pending", "cancelled", "skipped", "succeeded"];

export function Graph({ tasks, added }) {
  const [chosen, setChosen] = useState(null);
  const structure = tasks.map((task) => `${task.id}<${task.after}`).join(";");
  const alikeMax = innerWidth < NARROW_PX ? ALIKE_MAX.narrow : ALIKE_MAX.wide;
  const plan = useMemo(() => grouped(tasks, added, alikeMax), [structure, added, alikeMax]);
  if (tasks.length === 0) return html`<${Empty}>No tasks so far.<//>`;
  if (plan.groups.length > NODES_MAX) return html`<${Empty}>The job has ${tasks.length} tasks of many shapes: see the list of tasks.<//>`;
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const nodes = plan.groups.map((group) => nodeOf(group, group.ids.map((id) => byId.get(id)).filter(Boolean), chosen, setChosen));
  const stateOf = new Map(nodes.map((node) => [node.id, node.state]));
  const edges = plan.edges.map((edge) => ({ ...edge, isDone: stateOf.get(edge.from) === "succeeded" }));
  const group = plan.groups.find((group) => group.key === chosen);
  return html`<${Layers} nodes=${nodes} edges=${edges} label="Graph of ${tasks.length} tasks" />
    ${group && html`<${Chosen} tasks=${group.ids.map((id) => byId.get(id)).filter(Boolean)} />`}`;
}

function nodeOf(group, members, chosen, setChosen) {
  const state = GRAVITY.find((state) => members.some((task) => task.state === state)) ?? "pending";
  const done = members.filter((task) => task.state === "succeeded").length;
  const [first] = members;
  const isGroup = members.length > 1;
  const name = isGroup ? `${stem(first.name)} × ${members.length}` : first.name;
  const attempt = !isGroup && first.attempt > 1 ? `attempt ${first.attempt} · ` : "";
  const second = isGroup ? `${done} of ${members.length} done` : `${attempt}${first.role}`;
  const own = first.progress?.total > 0 ? first.progress.done / first.progress.total : 0;
  return {
    ...NODE,
    id: group.key,
    state,
    tone: toneOf(state),
    title: `${name}, ${first.role}: ${isGroup ? `${done} of ${members.length} succeeded` : words(state)}`,
    lines: [fit(name, NAME_CHARS), fit(second, ROLE_CHARS)],
    share: isGroup ? done / members.length : own,
    isChosen: chosen === group.key,
    onChoose: () => setChosen(chosen === group.key ? null : group.key),
  };
}

const stem = (name) => name.replace(/[:\-_ ]?\d+$/, "");

function Chosen({ tasks }) {
  if (tasks.length > 1) {
    const counts = Object.entries(Object.groupBy(tasks, (task) => task.state));
    return html`<div class="note" aria-live="polite"><${Facts} of=${counts.map(([state, of]) => [html`<${State} name=${state} />`, of.length])} /></div>`;
  }
  const [task] = tasks;
  return html`<div class="note" aria-live="polite"><${Facts} of=${[
    ["Task", task.name],
    ["Role", task.role],
    ["State", html`<${State} name=${task.state} />`],
    ["Attempt", task.attempt],
    task.worker !== undefined && ["Worker", task.worker],
    task.ran_ms !== undefined && ["Last attempt ran", duration(task.ran_ms)],
    task.wake_at && ["Next attempt", html`<${When} at=${task.wake_at} />`],
    task.finished_at && ["Finished", html`<${When} at=${task.finished_at} />`],
    task.error && ["Last error", html`<span class="error-text">${task.error.code} ${task.error.message}</span>`],
  ]} /></div>`;
}

/** Groups `{key, ids}` of tasks that are alike, and the edges between them. */
function grouped(tasks, added, alikeMax) {
  const before = predecessors(tasks, added);
  const alike = Map.groupBy(tasks, (task) => `${task.role} ${task.stage} ${stem(task.name)} ${before.get(task.id)}`);
  const groups = [];
  const groupOf = new Map();
  for (const [, members] of alike) {
    const parts = members.length > alikeMax ? [members] : members.map((task) => [task]);
    for (const part of parts) {
      const key = part.length > 1 ? `group-${part[0].id}` : `task-${part[0].id}`;
      groups.push({ key, ids: part.map((task) => task.id) });
      for (const task of part) groupOf.set(task.id, key);
    }
  }
  const edges = new Map();
  for (const task of tasks) {
    for (const id of before.get(task.id)) {
      const [from, to] = [groupOf.get(id), groupOf.get(task.id)];
      if (from && from !== to) edges.set(`${from} ${to}`, { from, to });
    }
  }
  return { groups, edges: [...edges.values()] };
}

/** What a task comes after: what it names, or what its stage follows. */
function predecessors(tasks, added) {
  const named = new Set(tasks.flatMap((task) => task.after));
  const ids = (stage) => tasks.filter((task) => task.stage === stage).map((task) => task.id);
  const [plan, work, aggregate] = [ids("plan"), tasks.filter((task) => task.stage === "execute"), ids("aggregate")];
  const last = work.filter((task) => !named.has(task.id)).map((task) => task.id);
  const ofStage = {
    plan: () => [],
    execute: (task) => (added.has(task.id) ? [added.get(task.id)] : plan),
    aggregate: () => (last.length > 0 ? last : plan),
    check: () => aggregate,
  };
  return new Map(tasks.map((task) => [task.id, task.after.length > 0 ? task.after : ofStage[task.stage](task)]));
}

export { predecessors };
