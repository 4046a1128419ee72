// The files a job has made.
import { get } from "../../lib/api.js";
import { Download } from "../../lib/download.js";
import { bytes } from "../../lib/format.js";
import { useData } from "../../lib/load.js";
import { Copy, Empty, Loading, Problem } from "../../lib/parts.js";
import { may } from "../../lib/session.js";
import { Table } from "../../lib/table.js";
import { html } from "../../lib/ui.js";

const COLUMNS = [
  { name: "Name", cell: (artifact) => html`<code>${artifact.name}</code>` },
  { name: "Type", minor: true, cell: (artifact) => artifact.media_type },
  { name: "Size", align: "end", cell: (artifact) => bytes(artifact.bytes) },
  { name: "SHA-256", minor: true, cell: (artifact) => html`<code title=${artifact.sha256}>${artifact.sha256.slice(0, 12)}…</code> <${Copy} text=${artifact.sha256} />` },
  { name: "Download", align: "end", cell: (artifact) => may("results:read") && html`<${Download} ...${artifact} />` },
];

export function Artifacts({ job }) {
  const { data, error, again } = useArtifacts(job);
  if (error) return html`<${Problem} error=${error} again=${again} />`;
  if (!data) return html`<${Loading} what="artifacts" />`;
  if (data.items.length === 0) return html`<${Empty}>No artifacts${job.finished_at ? "" : " so far"}.<//>`;
  return html`<${Table} caption="Artifacts" columns=${COLUMNS} rows=${data.items} keyOf=${(artifact) => artifact.name} />`;
}

export const useArtifacts = (job) => useData((signal) => get(`/v1/jobs/${encodeURIComponent(job.id)}/artifacts`, { signal }), [job.id, job.progress.done]);
