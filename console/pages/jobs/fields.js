// A field of a job's input.
import { words } from "../../lib/format.js";
import { Field } from "../../lib/parts.js";
import { html } from "../../lib/ui.js";
import { boundsOf, isLong } from "./schema.js";

export function InputField({ field, value, error, onChange }) {
  const bounds = boundsOf(field.schema);
  const hint = [field.hint, bounds && `(${bounds})`].filter(Boolean).join(" ");
  if (field.kind === "choices") {
    return html`<fieldset class="field choices ${error ? "invalid" : ""}">
      <legend>${words(field.name)}</legend>
      <div>${field.choices.map((choice) => html`<label key=${choice}><input type="checkbox" checked=${value.includes(choice)}
        onChange=${(event) => onChange(event.target.checked ? [...value, choice] : value.filter((kept) => kept !== choice))} />${words(choice)}</label>`)}</div>
      ${hint && html`<small>${hint}</small>`}
      ${error && html`<small class="error" role="alert">${error}</small>`}
    </fieldset>`;
  }
  return html`<${Field} label=${words(field.name)} required=${field.required} hint=${hint} error=${error}>
    <${Control} field=${field} value=${value} onChange=${onChange} />
  <//>`;
}

/** `named` are the id and the hints that the label gives it. */
function Control({ field, value, onChange, ...named }) {
  const fallback = field.default === undefined || field.default === null || field.default === "" ? undefined : String(field.default);
  const shared = {
    ...named,
    name: field.name,
    value,
    required: field.required,
    onInput: (event) => onChange(event.target.value),
  };
  if (field.kind === "choice" || field.kind === "yesno") {
    const choices = field.kind === "yesno" ? ["true", "false"] : field.choices;
    return html`<select ...${shared}>
      ${!field.required && html`<option value="">${fallback ? `${fallback} (default)` : "not set"}</option>`}
      ${choices.map((choice) => html`<option key=${choice} value=${String(choice)}>${String(choice)}</option>`)}
    </select>`;
  }
  if (field.kind === "json" || isLong(field, value)) {
    return html`<textarea rows=${field.kind === "json" ? 3 : 5} spellcheck=${false} placeholder=${fallback} ...${shared}></textarea>`;
  }
  const isNumber = field.kind === "integer" || field.kind === "number";
  return html`<input ...${shared} placeholder=${fallback} inputmode=${isNumber ? "decimal" : undefined} autocomplete="off" spellcheck=${false} />`;
}
