// Jobs: all of them, one of them, or a new one.
import { html } from "../lib/ui.js";
import { Job } from "./jobs/job.js";
import { JobList } from "./jobs/list.js";
import { NewJob } from "./jobs/new.js";

export function Page({ parts, query }) {
  const [what] = parts;
  if (what === undefined) return html`<${JobList} query=${query} />`;
  if (what === "new") return html`<${NewJob} query=${query} />`;
  return html`<${Job} key=${what} id=${what} query=${query} />`;
}
