// When tasks ran and waited, one bar a task.
import { duration } from "../../lib/format.js";
import { Empty, now } from "../../lib/parts.js";
import { html, useState } from "../../lib/ui.js";
import { predecessors } from "./graph.js";
import { spansOf } from "./spans.js";

/** Rows that are shown at once. */
const ROWS = 60;
const TICKS = 5;
/** A piece is at least so wide, in percent, that it can be seen. */
const PIECE_PERCENT_MIN = 0.4;

export function Timeline({ job, tasks, events, added = new Map(), isCut }) {
  const [rows, setRows] = useState(ROWS);
  if (events.length === 0) return html`<${Empty}>Nothing has happened so far.<//>`;
  const end = job.finished_at ? Date.parse(job.finished_at) : Math.max(now.value, Date.parse(events.at(-1).at));
  const { spans, job: ofJob } = spansOf(events, tasks, predecessors(tasks, added), end);
  const from = Date.parse(isCut ? events[0].at : job.created_at);
  const whole = Math.max(1, end - from);
  const share = (at) => Math.min(100, Math.max(0, ((at - from) / whole) * 100));
  const drawn = tasks.filter((task) => spans.has(task.id));
  const ticks = Array.from({ length: TICKS + 1 }, (_, index) => (whole * index) / TICKS);
  const row = (name, pieces, key) => html`<li key=${key}>
    <span class="lane-name" title=${name}>${name}</span>
    <span class="lane">${pieces.map((piece, index) => {
      const text = `${piece.text}, ${duration(piece.to - piece.from)}`;
      const width = Math.max(PIECE_PERCENT_MIN, share(piece.to) - share(piece.from));
      return html`<span key=${index} class="piece ${piece.tone}" style=${{ left: `${Math.min(share(piece.from), 100 - PIECE_PERCENT_MIN)}%`, width: `${width}%` }} title=${text}><span class="hidden">${text}; </span></span>`;
    })}</span>
  </li>`;
  return html`<div class="timeline">
    ${isCut && html`<p class="faint">The oldest events of this job are left out.</p>`}
    <ol>
      <li class="scale" aria-hidden="true"><span class="lane-name"></span><span class="lane">${ticks.map((tick) => html`<span key=${tick} class="tick" style=${{ left: `${share(from + tick)}%` }}>${tick === 0 ? "0" : duration(tick)}</span>`)}</span></li>
      ${row("job", ofJob, "job")}
      ${drawn.slice(0, rows).map((task) => row(task.name, spans.get(task.id), task.id))}
    </ol>
    <p class="legend faint"><span class="good"></span>succeeded <span class="busy"></span>at work <span class="wait"></span>waits <span class="bad"></span>failed <span class="calm"></span>queued. A bar begins when its task could begin.</p>
    ${drawn.length > rows && html`<button type="button" onClick=${() => setRows(rows + ROWS)}>Show more of ${drawn.length}</button>`}
  </div>`;
}
