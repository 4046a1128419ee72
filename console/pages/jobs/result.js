// The result of a job, by its kind; as a tree where nothing else is known of it.
import { Card, Copy, Tree } from "../../lib/parts.js";
import { html } from "../../lib/ui.js";
import { MarketComparison } from "./results/market.js";
import { SynthDataset } from "./results/synth.js";

/** What shows the result of a kind: given the job. A result it does not know the form of is left to the tree. */
const SHOWN = [
  { kind: "market.compare", knows: (result) => result.assets && result.ranking, Part: MarketComparison },
  { kind: "synth.dataset", knows: (result) => Array.isArray(result.sets), Part: SynthDataset },
];

export function Result({ job }) {
  const { result } = job;
  const known = SHOWN.find(({ kind, knows }) => kind === job.kind && knows(result));
  const copy = html`<${Copy} text=${JSON.stringify(result, null, 2)} label="Copy as JSON" />`;
  return html`${known && html`<${known.Part} job=${job} />`}
    <${Card} title=${known ? "The whole result" : "Result"} actions=${copy}>
      ${known ? html`<details><summary>Show as a tree</summary><${Tree} value=${result} /></details>` : html`<${Tree} value=${result} />`}
    <//>`;
}
