// API keys: listed, made, given a new secret, revoked. A secret is shown once.
import { get, post } from "../../lib/api.js";
import { ask, show } from "../../lib/dialog.js";
import { useData, usePages } from "../../lib/load.js";
import { attempt, tell } from "../../lib/notice.js";
import { Ago, Card, Copy, Empty, Field, Id, Loading, Problem, State, When } from "../../lib/parts.js";
import { may } from "../../lib/session.js";
import { Pager, Table } from "../../lib/table.js";
import { html, useState } from "../../lib/ui.js";

const PAGE_ROWS = 50;
const DAY_S = 86_400;
const LIVES = [
  ["", "does not end by itself"],
  [String(DAY_S), "1 day"],
  [String(30 * DAY_S), "30 days"],
  [String(90 * DAY_S), "90 days"],
  [String(365 * DAY_S), "1 year"],
];
/** The roles that every tenant has, for who may not list roles. */
const BUILT_IN = ["viewer", "user", "service", "admin"];

function stateOf(key) {
  if (key.revoked_at) return { name: "revoked", tone: "calm" };
  if (key.expires_at && Date.parse(key.expires_at) <= Date.now()) return { name: "expired", tone: "calm" };
  return { name: "active", tone: "good" };
}

const isLive = (key) => stateOf(key).name === "active";

const columns = (changed) => [
  { name: "Name", cell: (key) => html`<span class="cause">${key.name}</span>` },
  { name: "Id", minor: true, cell: (key) => html`<${Id} id=${key.id} />` },
  { name: "Role", cell: (key) => key.role },
  { name: "State", cell: (key) => html`<${State} ...${stateOf(key)} />` },
  { name: "Last used", align: "end", cell: (key) => html`<${Ago} at=${key.last_used_at} />` },
  { name: "Ends", align: "end", minor: true, cell: (key) => html`<${When} at=${key.expires_at} />` },
  { name: "Made by", minor: true, cell: (key) => html`<span class="mono cause">${key.created_by}</span>` },
  { name: "Made", align: "end", cell: (key) => html`<${Ago} at=${key.created_at} />` },
  { name: "Change", align: "end", cell: (key) => html`<${Change} one=${key} changed=${changed} />` },
];

/** Shows the secret of an answer, this once. */
function reveal({ secret, key }) {
  return show(`Secret of ${key.name}`, html`<p class="warning">Keep it now: nobody can show it again.</p>
    <p class="mono secret">${secret}</p>
    <div><${Copy} text=${secret} label="Copy the secret" /></div>`);
}

function Change({ one, changed }) {
  if (!isLive(one)) return html`<span class="faint">–</span>`;
  const rotate = async () => {
    const answer = await ask({
      title: `New secret for ${one.name}`,
      text: "The secret it has stays good for an hour beside the new one.",
      action: "Make a secret",
    });
    if (answer === null) return;
    const rotated = await attempt(() => post(`/v1/keys/${one.id}/rotate`, {}));
    changed();
    if (rotated) reveal(rotated);
  };
  const revoke = async () => {
    const answer = await ask({
      title: `Revoke ${one.name}`,
      text: "It stops working at once, and so do streams that were opened with it. This cannot be undone.",
      action: "Revoke",
      danger: true,
      twice: true,
    });
    if (answer === null) return;
    if (await attempt(() => post(`/v1/keys/${one.id}/revoke`, undefined))) tell(`${one.name} is revoked`);
    changed();
  };
  return html`<span class="actions end">
    <button type="button" aria-label="New secret for ${one.name}" onClick=${rotate}>New secret</button>
    <button type="button" class="outline-danger" aria-label="Revoke ${one.name}" onClick=${revoke}>Revoke</button>
  </span>`;
}

function NewKey({ changed }) {
  const roles = useData((signal) => (may("roles:manage") ? get("/v1/roles", { signal }) : Promise.resolve(null)), []);
  const names = roles.data?.items.map((role) => role.name) ?? BUILT_IN;
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const { name, role, life } = Object.fromEntries(new FormData(form));
    setBusy(true);
    setError(null);
    try {
      const made = await post("/v1/keys", life ? { name, role, expires_in_s: Number(life) } : { name, role });
      form.reset();
      changed();
      reveal(made);
    } catch (refused) {
      setError(refused);
    }
    setBusy(false);
  };
  const wrong = (field) => (error?.field === field ? error.message : null);
  return html`<${Card} title="New key">
    <form class="form" onSubmit=${submit}>
      <div class="form-grid">
        <${Field} label="Name" hint="For people: what the key is for." error=${wrong("name")} required><input name="name" maxlength="200" autocomplete="off" required /><//>
        <${Field} label="Role" error=${wrong("role")}><select name="role">${names.map((role) => html`<option key=${role} selected=${role === "viewer"}>${role}</option>`)}</select><//>
        <${Field} label="Life" error=${wrong("expires_in_s")}><select name="life">${LIVES.map(([seconds, label]) => html`<option key=${label} value=${seconds}>${label}</option>`)}</select><//>
      </div>
      ${error && !["name", "role", "expires_in_s"].includes(error.field) && html`<${Problem} error=${error} />`}
      <div><button type="submit" class="primary" disabled=${isBusy}>Make the key</button></div>
    </form>
  <//>`;
}

export function Keys() {
  const pages = usePages("/v1/keys", { limit: PAGE_ROWS });
  return html`<${NewKey} changed=${pages.again} />
    <${Card} title="Keys">
      ${pages.items.length > 0 && html`<${Table} caption="API keys" columns=${columns(pages.again)} rows=${pages.items} keyOf=${(key) => key.id} />`}
      <${Problem} error=${pages.error} again=${pages.again} />
      ${!pages.data && !pages.error && html`<${Loading} what="keys" />`}
      ${pages.data && pages.items.length === 0 && html`<${Empty}>There is no key.<//>`}
      ${pages.data && (pages.hasBefore || pages.hasNext) && html`<${Pager} pages=${pages} />`}
    <//>`;
}
