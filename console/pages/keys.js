// API keys and roles of the tenant.
import { PageHead } from "../lib/parts.js";
import { may } from "../lib/session.js";
import { html } from "../lib/ui.js";
import { Keys } from "./keys/keys.js";
import { Roles } from "./keys/roles.js";

export const Page = () => html`<${PageHead} title="Keys and roles" lead="Who may do what with this tenant." />
  <${Keys} />
  ${may("roles:manage") && html`<${Roles} />`}`;
