// The bar of a list that takes the filter language of docs/api.md. What the server refuses is shown in place: the text with the
// spot marked at which it goes wrong.
import { html, useEffect, useId, useState } from "./ui.js";

/** `quick` are `[label, filter]`; `onChange(filter)` is called when the reader presses Enter or a button. */
export function FilterBar({ filter = "", error, quick = [], example, onChange }) {
  const [text, setText] = useState(filter);
  const id = useId();
  useEffect(() => setText(filter), [filter]);
  const refused = error?.field === "filter" ? error : null;
  const submit = (event) => {
    event.preventDefault();
    onChange(text.trim());
  };
  return html`<form class="filter" role="search" onSubmit=${submit}>
    <label class="hidden" for="${id}-text">Filter</label>
    <input id="${id}-text" type="search" class="mono" spellcheck=${false} autocomplete="off" maxlength="4096" placeholder=${example}
      value=${text} aria-invalid=${refused ? "true" : "false"} aria-describedby=${refused ? `${id}-error` : undefined}
      onInput=${(event) => setText(event.target.value)} />
    <button type="submit">Filter</button>
    ${filter && html`<button type="button" class="quiet" onClick=${() => onChange("")}>Clear</button>`}
    <div class="quick" role="group" aria-label="Filters often used">
      ${quick.map(([label, value]) => html`<button key=${label} type="button" class="quiet" aria-pressed=${filter === value}
        onClick=${() => onChange(filter === value ? "" : value)}>${label}</button>`)}
    </div>
    ${refused && html`<div id="${id}-error" class="filter-error" role="alert">
      <p>${refused.message}</p>
      ${refused.position !== undefined && html`<${Spot} text=${filter} position=${refused.position} />`}
    </div>`}
  </form>`;
}

/** The server counts bytes; a text here is counted in units of UTF-16. */
function unitsOf(text, bytes) {
  const before = new TextEncoder().encode(text).slice(0, bytes);
  return new TextDecoder().decode(before).length;
}

function Spot({ text, position }) {
  const at = unitsOf(text, position);
  const end = at + Math.max(1, text.slice(at).search(/[\s()=<>!,]|$/));
  return html`<pre aria-hidden="true">${text.slice(0, at)}<mark>${text.slice(at, end) || " "}</mark>${text.slice(end)}</pre>`;
}
