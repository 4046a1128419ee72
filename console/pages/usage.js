// What the tenant has of what it may have, and how its jobs fare.
import { get, withQuery } from "../lib/api.js";
import { bytes, count, percent, words } from "../lib/format.js";
import { useFollowing } from "../lib/follow.js";
import { useData } from "../lib/load.js";
import { Card, Empty, Facts, Loading, PageHead, Problem, When, toneOf } from "../lib/parts.js";
import { amend } from "../lib/router.js";
import { may } from "../lib/session.js";
import { Table } from "../lib/table.js";
import { html } from "../lib/ui.js";
import { Advice } from "./usage/advice.js";

const PERIODS = [
  ["1", "last hour"],
  ["24", "last 24 hours"],
  ["168", "last 7 days"],
  ["744", "last 31 days"],
];
const PERIOD_DEFAULT = "24";
/** Shares of a quota from which it is getting short, and nearly used up. */
const SHORT = 0.75;
const NEARLY_OUT = 0.9;
/** At least so long passes between two readings, in milliseconds: the server counts jobs one by one. */
const USAGE_GAP_MS = 15_000;

/** In the order in which a job passes them. */
const STATES = ["queued", "planning", "running", "waiting", "aggregating", "validating", "succeeded", "failed", "cancelled"];

function Quota({ name, share, figure }) {
  if (share.max === undefined) {
    return html`<${Card} title=${name}><p class="quota">${figure(share.used)} <span class="faint">no bound</span></p><//>`;
  }
  const part = share.used / share.max;
  const tone = part >= NEARLY_OUT ? "bad" : part >= SHORT ? "wait" : "good";
  return html`<${Card} title=${name}>
    <p class="quota">${figure(share.used)} <span class="faint">of ${figure(share.max)}, ${percent(part)}</span></p>
    <span class="meter whole ${tone}"><progress max="1" value=${Math.min(part, 1)} aria-label="${name} used"></progress></span>
  <//>`;
}

const titled = (state) => state[0].toUpperCase() + state.slice(1);

const sumOf = (states) => Object.values(states).reduce((sum, jobs) => sum + jobs, 0);

/** The states of one kind as parts of a bar. The figures stand beside it. */
const Bar = ({ states }) => html`<span class="parts" aria-hidden="true">
  ${STATES.filter((state) => states[state]).map((state) => html`<span key=${state} class=${toneOf(state)} title="${words(state)}: ${states[state]}" style=${{ flexGrow: states[state] }}></span>`)}
</span>`;

function kinds(byKind) {
  const present = STATES.filter((state) => Object.values(byKind).some((states) => states[state]));
  return [
    { name: "Kind", cell: ([kind]) => kind },
    { name: "Share", minor: true, cell: ([, states]) => html`<${Bar} states=${states} />` },
    ...present.map((state) => ({ name: titled(state), align: "end", cell: ([, states]) => (states[state] ? count(states[state]) : html`<span class="none">–</span>`) })),
    { name: "All", align: "end", cell: ([, states]) => count(sumOf(states)) },
  ];
}

export function Page({ query }) {
  const hours = query.hours ?? PERIOD_DEFAULT;
  const usage = useData((signal) => get(withQuery("/v1/usage", { hours }), { signal }), [hours]);
  useFollowing(usage.again, (frame) => frame.type.startsWith("job."), USAGE_GAP_MS);
  const { data } = usage;
  const period = html`<select aria-label="Jobs submitted in the" value=${hours} onChange=${(event) => amend({ hours: event.target.value })}>
    ${PERIODS.map(([value, label]) => html`<option key=${value} value=${value}>${label}</option>`)}
  </select>`;
  return html`<${PageHead} title="Usage" lead=${data && `Tenant ${data.tenant}`} />
    <${Problem} error=${usage.error} again=${usage.again} />
    ${!data && !usage.error && html`<${Loading} what="usage" />`}
    ${data && html`<div class="columns narrow">
        <${Quota} name="Live jobs" share=${data.live_jobs} figure=${count} />
        <${Quota} name="Artifacts kept" share=${data.storage_bytes} figure=${bytes} />
        <${Card} title="Requests a minute"><p class="quota">${data.requests_per_minute_max === undefined
          ? html`<span class="faint">no bound</span>`
          : html`<span class="faint">up to</span> ${count(data.requests_per_minute_max)}`}</p><//>
      </div>
      <${Card} title="Jobs by kind and state" actions=${period}>
        ${data.jobs.total === 0
          ? html`<${Empty}>No job was submitted in this time.<//>`
          : html`<${Table} caption="Jobs by kind and state" className="counts" columns=${kinds(data.jobs.by_kind)} rows=${Object.entries(data.jobs.by_kind)} keyOf=${([kind]) => kind} />`}
        <div class="foot"><${Facts} of=${[
          ["Jobs", count(data.jobs.total)],
          ["Counted since", html`<${When} at=${data.jobs.since} />`],
        ]} /></div>
      <//>
      ${may("metrics:read") && html`<${Advice} />`}`}`;
}
