// The files a job has made.
import { get, send } from "../../lib/api.js";
import { hasKey } from "../../lib/credentials.js";
import { bytes } from "../../lib/format.js";
import { useData } from "../../lib/load.js";
import { attempt } from "../../lib/notice.js";
import { Copy, Empty, Loading, Problem } from "../../lib/parts.js";
import { may } from "../../lib/session.js";
import { Table } from "../../lib/table.js";
import { html } from "../../lib/ui.js";

/** Time for a download that goes through the page, in milliseconds. */
const DOWNLOAD_MS_MAX = 600_000;

const COLUMNS = [
  { name: "Name", cell: (artifact) => html`<code>${artifact.name}</code>` },
  { name: "Type", minor: true, cell: (artifact) => artifact.media_type },
  { name: "Size", align: "end", cell: (artifact) => bytes(artifact.bytes) },
  { name: "SHA-256", minor: true, cell: (artifact) => html`<code title=${artifact.sha256}>${artifact.sha256.slice(0, 12)}…</code> <${Copy} text=${artifact.sha256} />` },
  { name: "Download", align: "end", cell: (artifact) => may("results:read") && html`<${Download} artifact=${artifact} />` },
];

export function Artifacts({ job }) {
  const { data, error, again } = useArtifacts(job);
  if (error) return html`<${Problem} error=${error} again=${again} />`;
  if (!data) return html`<${Loading} what="artifacts" />`;
  if (data.items.length === 0) return html`<${Empty}>No artifacts${job.finished_at ? "" : " so far"}.<//>`;
  return html`<${Table} caption="Artifacts" columns=${COLUMNS} rows=${data.items} keyOf=${(artifact) => artifact.name} />`;
}

export const useArtifacts = (job) => useData((signal) => get(`/v1/jobs/${encodeURIComponent(job.id)}/artifacts`, { signal }), [job.id, job.progress.done]);

/** A link, where cookies say who asks; with a key the bytes go through the page. */
export function Download({ artifact, label = "Download" }) {
  if (!hasKey()) return html`<a href=${artifact.href} download=${artifact.name} aria-label="${label} ${artifact.name}">${label}</a>`;
  return html`<button type="button" aria-label="${label} ${artifact.name}" onClick=${() => attempt(() => save(artifact))}>${label}</button>`;
}

async function save(artifact) {
  const answer = await send("GET", artifact.href, { headers: { accept: "*/*" }, timeoutMs: DOWNLOAD_MS_MAX });
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = artifact.name;
  link.click();
  URL.revokeObjectURL(url);
}
