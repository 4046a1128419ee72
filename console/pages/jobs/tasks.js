// The tasks of a job as a table.
import { duration } from "../../lib/format.js";
import { Empty, Meter, State, When } from "../../lib/parts.js";
import { Table } from "../../lib/table.js";
import { html, useState } from "../../lib/ui.js";

/** Rows that are shown at once. */
const ROWS = 200;

const columns = (names) => [
  { name: "Task", cell: (task) => html`<span>${task.name}</span>` },
  { name: "Role", cell: (task) => task.role },
  { name: "State", cell: (task) => html`<${State} name=${task.state} />` },
  { name: "Attempt", align: "end", cell: (task) => task.attempt },
  { name: "After", minor: true, cell: (task) => task.after.length > 0 && html`<span class="faint">${task.after.map((id) => names.get(id) ?? id).join(", ")}</span>` },
  { name: "Progress", minor: true, cell: (task) => task.progress?.total > 0 && html`<${Meter} ...${task.progress} label="Progress of ${task.name}" />` },
  { name: "Last error", cell: (task) => task.error && html`<span class="error-text">${task.error.code}${task.error.message ? `: ${task.error.message}` : ""}</span>` },
  { name: "Ran", align: "end", minor: true, cell: (task) => duration(task.ran_ms) },
  { name: "Finished", align: "end", cell: (task) => html`<${When} at=${task.finished_at} />` },
];

export function TaskList({ tasks }) {
  const [rows, setRows] = useState(ROWS);
  if (tasks.length === 0) return html`<${Empty}>No tasks so far.<//>`;
  const names = new Map(tasks.map((task) => [task.id, task.name]));
  return html`<${Table} caption="Tasks" columns=${columns(names)} rows=${tasks.slice(0, rows)} keyOf=${(task) => task.id} />
    ${tasks.length > rows && html`<div class="pager"><button type="button" onClick=${() => setRows(rows + ROWS)}>Show more of ${tasks.length}</button></div>`}`;
}
