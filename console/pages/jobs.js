// Jobs: all of them, one of them, or a new one.
import { html } from "../lib/ui.js";
import { JobList } from "./jobs/list.js";

export const Page = ({ query }) => html`<${JobList} query=${query} />`;
