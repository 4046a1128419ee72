// Who did what: where the chain stands, its checkpoints, and its records.
import { get } from "../lib/api.js";
import { show } from "../lib/dialog.js";
import { FilterBar } from "../lib/filter.js";
import { count } from "../lib/format.js";
import { useData, usePages } from "../lib/load.js";
import { Ago, Card, Copy, Empty, Facts, Loading, PageHead, Problem, State, Tree, When } from "../lib/parts.js";
import { amend } from "../lib/router.js";
import { Pager, Table } from "../lib/table.js";
import { html } from "../lib/ui.js";

const PAGE_ROWS = 50;
/** Digits of a hash that are shown. */
const HASH_SHOWN = 12;
const QUICK = [
  ["Refusals", "action = 'permission.denied'"],
  ["Crews", "action starts 'crew.'"],
  ["Access", "action starts 'key.' or action starts 'role.' or action starts 'user.'"],
  ["Decisions", "action = 'approval.decided'"],
];

const Hash = ({ of }) => html`<code title=${of}>${of.slice(0, HASH_SHOWN)}…</code>`;

function Record({ record }) {
  return html`<${Facts} of=${[
      ["Record", String(record.seq)],
      ["At", html`<${When} at=${record.at} />`],
      ["By", record.principal ?? "–"],
      ["From", record.address ?? "–"],
      ["Subject", record.subject ?? "–"],
      ["Request", record.request_id ?? "–"],
    ]} />
    <${Tree} name="details" value=${record.details} />
    ${record.redacted && html`<p class="note">Taken out: ${record.redacted.join(", ")}</p>`}
    <p class="faint">SHA-256 over it and the record before it</p>
    <p class="mono hash">${record.hash}</p>
    <${Copy} text=${JSON.stringify(record, null, 2)} label="Copy as JSON" />`;
}

const COLUMNS = [
  { name: "Record", align: "end", cell: (record) => record.seq },
  { name: "At", cell: (record) => html`<${When} at=${record.at} />` },
  { name: "Action", cell: (record) => html`<button type="button" class="quiet link" onClick=${() => show(record.action, html`<${Record} record=${record} />`, { wide: true })}>${record.action}</button>` },
  { name: "By", cell: (record) => html`<span class="mono cause">${record.principal ?? "–"}</span>` },
  { name: "Subject", cell: (record) => html`<span class="mono cause">${record.subject ?? "–"}</span>` },
  { name: "Reason", minor: true, cell: (record) => html`<span class="cause">${record.details.reason ?? "–"}</span>` },
  { name: "Hash", minor: true, cell: (record) => html`<${Hash} of=${record.hash} />` },
];

const CHECKPOINTS = [
  { name: "Covers up to", align: "end", cell: (made) => count(made.seq) },
  { name: "Made", cell: (made) => html`<${Ago} at=${made.at} />` },
  { name: "Kind", cell: (made) => made.kind },
  { name: "Hash", cell: (made) => html`<${Hash} of=${made.hash} />` },
  { name: "Key", minor: true, cell: (made) => html`<${Hash} of=${made.key} />` },
];

function standing(chain) {
  if (!chain.enabled) return html`<${State} name="off" tone="wait" />`;
  if (chain.broken) return html`<${State} name="changed outside the server" tone="bad" />`;
  return html`<${State} name=${chain.signed_to === chain.records ? "signed" : "sound"} tone="good" />`;
}

function Chain({ chain }) {
  return html`<div class="columns">
    <${Card} title="Chain">
      ${chain.broken && html`<p class="problem" role="alert">The log was changed outside the server and is signed no more. callboard audit verify says where.</p>`}
      <${Facts} of=${[
        ["State", standing(chain)],
        ["Records", count(chain.records)],
        ["Signed up to", count(chain.signed_to)],
        ["Not signed yet", count(chain.records - chain.signed_to)],
        ["Last record", html`<${Ago} at=${chain.last_at} />`],
        ["Tenant", chain.tenant],
      ]} />
      <p class="faint">Whether every record is as it was written is for a machine of yours to say: callboard audit verify, with the id of the key kept elsewhere.</p>
    <//>
    <${Card} title="Latest checkpoints">
      ${chain.checkpoints.length === 0
        ? html`<${Empty}>Nothing is signed yet.<//>`
        : html`<${Table} caption="Checkpoints" columns=${CHECKPOINTS} rows=${chain.checkpoints.slice(0, 6)} keyOf=${(made) => `${made.seq} ${made.kind}`} />`}
    <//>
  </div>`;
}

export function Page({ query }) {
  const chain = useData((signal) => get("/v1/audit/chain", { signal }), []);
  const pages = usePages("/v1/audit", { filter: query.filter, limit: PAGE_ROWS });
  const again = () => {
    chain.again();
    pages.again();
  };
  const isFilterWrong = pages.error?.field === "filter";
  return html`<${PageHead} title="Audit" lead="Who did what, chained by hashes and signed.">
      <button type="button" onClick=${again}>Read again</button>
    <//>
    <${Problem} error=${chain.error} again=${chain.again} />
    ${chain.data && html`<${Chain} chain=${chain.data} />`}
    <${FilterBar} filter=${query.filter} error=${pages.error} quick=${QUICK} onChange=${(filter) => amend({ filter })}
      example="action starts 'key.' and principal = 'user:kim'" />
    ${!isFilterWrong && html`<${Problem} error=${pages.error} again=${pages.again} />`}
    ${!pages.data && !pages.error && html`<${Loading} what="records" />`}
    ${pages.data && !isFilterWrong && (pages.items.length === 0
      ? html`<${Empty}>${pages.hasNext ? "None on this page; older ones may be." : "No record is like that."}<//>`
      : html`<${Table} caption="Audit records" columns=${COLUMNS} rows=${pages.items} keyOf=${(record) => record.id} />`)}
    ${pages.data && !isFilterWrong && (pages.hasBefore || pages.hasNext) && html`<${Pager} pages=${pages} />`}`;
}
