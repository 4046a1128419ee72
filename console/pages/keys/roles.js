// Roles: those that every tenant has, and those that this one defines.
import { get, put, remove } from "../../lib/api.js";
import { ask } from "../../lib/dialog.js";
import { useData } from "../../lib/load.js";
import { attempt, tell } from "../../lib/notice.js";
import { Card, Field, Loading, Problem } from "../../lib/parts.js";
import { me } from "../../lib/session.js";
import { Table } from "../../lib/table.js";
import { html, useState } from "../../lib/ui.js";

const Permissions = ({ of, all }) =>
  of.length === all ? html`<span>everything</span>` : html`<span class="labels">${of.map((name) => html`<span key=${name} class="badge">${name}</span>`)}</span>`;

const columns = (all, edit, drop) => [
  { name: "Role", cell: (role) => html`<span>${role.name}${role.built_in ? html` <span class="badge">built in</span>` : ""}</span>` },
  { name: "Permits", cell: (role) => html`<${Permissions} of=${role.permissions} all=${all} />` },
  {
    name: "Change",
    align: "end",
    cell: (role) =>
      role.built_in
        ? html`<span class="faint">–</span>`
        : html`<span class="actions end">
            <button type="button" aria-label="Change ${role.name}" onClick=${() => edit(role)}>Change</button>
            <button type="button" class="outline-danger" aria-label="Remove ${role.name}" onClick=${() => drop(role)}>Remove</button>
          </span>`,
  },
];

function RoleForm({ known, edited, changed }) {
  const [name, setName] = useState(edited?.name ?? "");
  const [chosen, setChosen] = useState(new Set(edited?.permissions ?? []));
  const [error, setError] = useState(null);
  const toggle = (permission) => {
    const next = new Set(chosen);
    if (!next.delete(permission)) next.add(permission);
    setChosen(next);
  };
  const submit = async (event) => {
    event.preventDefault();
    setError(null);
    try {
      const role = await put(`/v1/roles/${encodeURIComponent(name.trim())}`, { permissions: [...chosen] });
      tell(`The role ${role.name} is defined`);
      changed();
    } catch (refused) {
      setError(refused);
    }
  };
  return html`<form class="form" onSubmit=${submit}>
    <div class="form-grid"><${Field} label="Name" hint="Lower-case letters, digits, -, _ and ." required>
      <input value=${name} maxlength="63" pattern="[a-z0-9][a-z0-9._\\-]*" autocomplete="off" required readonly=${Boolean(edited)} onInput=${(event) => setName(event.target.value)} />
    <//></div>
    <fieldset class="checks"><legend>Permits</legend>
      ${known.map((permission) => html`<label key=${permission} class="check">
        <input type="checkbox" checked=${chosen.has(permission)} onChange=${() => toggle(permission)} /> <span class="mono">${permission}</span>
      </label>`)}
    </fieldset>
    <${Problem} error=${error} />
    <div><button type="submit" class="primary">${edited ? "Change the role" : "Define the role"}</button>
      ${edited && html` <button type="button" onClick=${changed}>Go back</button>`}</div>
  </form>`;
}

export function Roles() {
  const roles = useData((signal) => get("/v1/roles", { signal }), []);
  const [edited, setEdited] = useState(null);
  const [round, setRound] = useState(0);
  const changed = () => {
    setEdited(null);
    setRound(round + 1);
    roles.again();
  };
  const drop = async (role) => {
    const answer = await ask({
      title: `Remove ${role.name}`,
      text: "Nobody may have it any more. A role that a key or a user has is not removed.",
      action: "Remove",
      danger: true,
    });
    if (answer === null) return;
    const removed = await attempt(async () => {
      await remove(`/v1/roles/${encodeURIComponent(role.name)}`);
      return true;
    });
    if (removed) tell(`The role ${role.name} is removed`);
    changed();
  };
  // Nobody gives more than they have.
  const known = me.value.permissions;
  return html`<${Card} title="Roles">
      ${roles.data && html`<${Table} caption="Roles" columns=${columns(roles.data.items[0].permissions.length, setEdited, drop)} rows=${roles.data.items} keyOf=${(role) => role.name} />`}
      <${Problem} error=${roles.error} again=${roles.again} />
      ${!roles.data && !roles.error && html`<${Loading} what="roles" />`}
    <//>
    <${Card} title=${edited ? `Change ${edited.name}` : "New role"}>
      <${RoleForm} key=${`${edited?.name ?? ""} ${round}`} known=${known} edited=${edited} changed=${changed} />
    <//>`;
}
