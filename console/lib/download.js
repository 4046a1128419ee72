// Files that the server has, as links that save them.
import { send } from "./api.js";
import { hasKey } from "./credentials.js";
import { attempt } from "./notice.js";
import { html } from "./ui.js";

/** Time for a download that goes through the page, in milliseconds. */
const DOWNLOAD_MS_MAX = 600_000;

/** A link, where cookies say who asks; with a key the bytes go through the page. */
export function Download({ href, name, label = "Download" }) {
  if (!hasKey()) return html`<a href=${href} download=${name} aria-label="${label} ${name}">${label}</a>`;
  return html`<button type="button" aria-label="${label} ${name}" onClick=${() => attempt(() => save(href, name))}>${label}</button>`;
}

/** Saves what is at `href` under a name. Throws where the server refuses it. */
export async function save(href, name) {
  const answer = await send("GET", href, { headers: { accept: "*/*" }, timeoutMs: DOWNLOAD_MS_MAX });
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
