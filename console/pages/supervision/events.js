// What happened to actors: the latest that is kept, then what comes, newest first.
import { get, withQuery } from "../../lib/api.js";
import { duration } from "../../lib/format.js";
import { supervisionStream, watchSupervision } from "../../lib/live.js";
import { useData } from "../../lib/load.js";
import { Card, Empty, Loading, Problem, State, When } from "../../lib/parts.js";
import { amend } from "../../lib/router.js";
import { Table } from "../../lib/table.js";
import { html, useEffect, useState } from "../../lib/ui.js";

/** Events that are kept while the page is, and of those how many are shown at first. */
const EVENTS_MAX = 200;
const SHOWN_FIRST = 40;

const TROUBLE = ["panicked", "timed_out", "restarting", "escalated", "stalled", "arbiter_stalled", "breaker_opened", "breaker_half_open", "invariant_broken", "missed", "gap"];
const OPERATORS = ["paused", "resumed", "drained", "recycled", "breaker_closed"];
const KINDS = [
  ["", "All", () => true],
  ["trouble", "Trouble", (event) => TROUBLE.includes(event.type)],
  ["operators", "Operators", (event) => OPERATORS.includes(event.type)],
];

const TONES = { started: "good", breaker_closed: "good", resumed: "good", arbiter_recovered: "good", timed_out: "bad", arbiter_stalled: "bad", invariant_broken: "bad", breaker_half_open: "wait", gap: "wait", missed: "wait" };

const COLUMNS = [
  { name: "At", cell: (event) => html`<${When} at=${event.at} />` },
  { name: "Event", cell: (event) => html`<${State} name=${event.type} tone=${TONES[event.type]} />` },
  { name: "Actor", cell: (event) => html`<span class="mono">${event.role ?? event.node ?? "–"}${event.worker !== undefined ? ` #${event.worker}` : ""}</span>` },
  { name: "Generation", align: "end", minor: true, cell: (event) => event.generation || "–" },
  { name: "Cause", cell: (event) => html`<span class="cause">${causeOf(event)}</span>` },
];

function causeOf(event) {
  const wait = event.delay_ms !== undefined ? ` after ${duration(event.delay_ms)}` : "";
  if (event.type === "gap") return `${event.missed ?? "Some"} events were missed`;
  return `${event.cause ?? ""}${wait}`.trim() || "–";
}

// An event is kept under an id, and streamed under a number of the process: it is the same at the same moment.
const keyOf = (event) => `${event.at ?? ""} ${event.seq ?? `${event.from}-${event.to}`} ${event.type}`;

function joined(live, kept) {
  const known = new Set(live.map(keyOf));
  return [...live, ...kept.filter((event) => !known.has(keyOf(event)))].slice(0, EVENTS_MAX);
}

export function EventLog({ role, kind = "" }) {
  const [live, setLive] = useState([]);
  const [isWhole, setWhole] = useState(false);
  const kept = useData((signal) => get(withQuery("/v1/supervision/events", { newest: true, limit: EVENTS_MAX }), { signal }), []);
  useEffect(() => watchSupervision((event) => setLive((before) => [event, ...before].slice(0, EVENTS_MAX))), []);
  // After a lost connection the store has what the stream did not tell.
  useEffect(() => kept.again(), [supervisionStream.epoch.value]);
  const [, , isWanted] = KINDS.find(([name]) => name === kind) ?? KINDS[0];
  const newest = [...(kept.data?.items ?? [])].reverse();
  const shown = joined(live, newest).filter((event) => isWanted(event) && (!role || event.role === role || event.type === "gap"));
  const choose = html`<div class="tabs" role="group" aria-label="Which events">
    ${KINDS.map(([name, label]) => html`<button key=${label} type="button" class="quiet" aria-pressed=${name === kind} onClick=${() => amend({ kind: name })}>${label}</button>`)}
  </div>`;
  return html`<${Card} title=${role ? `Events of ${role}` : "Events"} actions=${choose} className="events">
    <${Problem} error=${kept.error} again=${kept.again} />
    ${shown.length > 0 && html`<${Table} caption="Supervision events" columns=${COLUMNS} rows=${isWhole ? shown : shown.slice(0, SHOWN_FIRST)} keyOf=${keyOf} />`}
    ${!isWhole && shown.length > SHOWN_FIRST && html`<p class="more"><button type="button" onClick=${() => setWhole(true)}>Show ${shown.length - SHOWN_FIRST} more</button></p>`}
    ${shown.length === 0 && (kept.isLoading && !kept.data ? html`<${Loading} what="events" />` : html`<${Empty}>${kind || role ? "No such event." : "Nothing has happened."}<//>`)}
  <//>`;
}
