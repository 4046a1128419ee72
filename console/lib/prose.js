// Descriptions as they stand in the document: paragraphs, with `code` between backticks.
import { html } from "./ui.js";

export function Prose({ text }) {
  if (!text) return null;
  return html`<div class="prose">${text.split(/\n\s*\n/).map((paragraph, index) => html`<p key=${index}><${Inline} text=${paragraph} /></p>`)}</div>`;
}

export const Inline = ({ text }) => (text ?? "").split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
