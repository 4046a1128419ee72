// What an operator can have a crew do. Everything is asked twice, and recorded with its reason.
import { post } from "../../lib/api.js";
import { ask } from "../../lib/dialog.js";
import { attempt, tell } from "../../lib/notice.js";
import { html, useState } from "../../lib/ui.js";

const ACTIONS = [
  {
    verb: "pause",
    label: "Pause",
    text: "It hands out nothing more. Tasks wait, and those in hand go on.",
    done: () => "is paused",
    isOffered: (node) => node.state === "running",
  },
  {
    verb: "resume",
    label: "Resume",
    text: "What waits is handed out.",
    done: () => "hands out tasks",
    isOffered: (node) => node.state === "paused" || node.state === "draining",
  },
  {
    verb: "drain",
    label: "Drain",
    text: "It hands out nothing more, and what is in hand is waited for.",
    done: (crew) => (crew.in_hand > 0 ? `drains: ${crew.in_hand} tasks are in hand still` : "is drained and paused"),
    isOffered: (node) => node.state === "running" || node.state === "paused",
  },
  {
    verb: "restart",
    label: "Restart workers",
    text: "Every worker gets a new instance of the role. Tasks in hand end on the old ones.",
    done: () => "has new workers",
    danger: true,
    isOffered: () => true,
  },
  {
    verb: "reset-breaker",
    label: "Reset breaker",
    text: "The breaker is closed and forgets the failures it has seen.",
    done: () => "has a closed breaker",
    isOffered: (node) => node.crew.breaker.state !== "closed",
  },
];

export function Actions({ node, changed }) {
  const [isBusy, setBusy] = useState(false);
  const role = node.name;
  const act = async ({ verb, label, text, danger, done }) => {
    const answer = await ask({
      title: `${label}: ${role}`,
      text,
      action: label,
      danger,
      reason: { label: "Reason, for the audit log" },
      twice: true,
    });
    if (answer === null) return;
    setBusy(true);
    const body = answer.reason ? { reason: answer.reason } : {};
    const crew = await attempt(() => post(`/v1/supervision/roles/${encodeURIComponent(role)}/${verb}`, body));
    setBusy(false);
    if (crew) tell(`${role} ${done(crew)}`);
    changed();
  };
  return html`<div class="actions" role="group" aria-label="Step in at ${role}">
    ${ACTIONS.filter((action) => action.isOffered(node)).map((action) => html`<button key=${action.verb} type="button"
      class=${action.danger ? "outline-danger" : ""} disabled=${isBusy} onClick=${() => act(action)}>${action.label}</button>`)}
  </div>`;
}
