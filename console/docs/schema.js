// Schemas in words: a list of the fields of an object, opened as far as the reader wants.
import { Inline } from "../lib/prose.js";
import { html } from "../lib/ui.js";

const DEPTH_MAX = 6;

/** What a reference stands for. */
export function resolved(value, document) {
  let known = value;
  for (let depth = 0; known?.$ref && depth < DEPTH_MAX; depth += 1) {
    known = known.$ref.replace(/^#\//, "").split("/").reduce((at, key) => at?.[key], document);
  }
  return known ?? {};
}

const nameOf = (schema) => schema?.$ref?.split("/").at(-1);

/** A type in a few words. */
export function typeOf(schema, document) {
  if (!schema) return "any";
  const named = nameOf(schema);
  const known = resolved(schema, document);
  if (known.enum) return known.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (known.const !== undefined) return JSON.stringify(known.const);
  const choices = known.oneOf ?? known.anyOf;
  if (choices && !named) return choices.map((choice) => typeOf(choice, document)).join(" | ");
  if (known.allOf && !named) return known.allOf.map((part) => typeOf(part, document)).join(" & ");
  const types = [known.type].flat().filter(Boolean);
  const words = types.map((type) => (type === "array" ? `${typeOf(known.items, document)}[]` : type === "object" && named ? named : type));
  return (words.length > 0 ? words.join(" | ") : (named ?? "any")) + (known.format && !["int32", "int64", "double"].includes(known.format) ? ` (${known.format})` : "");
}

/** The fields of an object's schema, with those of what it includes. */
function fieldsOf(known, document) {
  const parts = (known.allOf ?? []).map((part) => fieldsOf(resolved(part, document), document));
  const own = Object.entries(known.properties ?? {}).map(([name, schema]) => ({ name, schema, isRequired: known.required?.includes(name) }));
  return [...own, ...parts.flat()];
}

/** What a schema holds that can be opened: an object, or the items of a list of them. */
function inner(schema, document) {
  const known = resolved(schema, document);
  return known.items ? resolved(known.items, document) : known;
}

export function Schema({ schema, document, depth = 0 }) {
  const known = inner(schema, document);
  const fields = fieldsOf(known, document);
  const choices = known.oneOf ?? known.anyOf;
  if (fields.length === 0 && choices && depth < DEPTH_MAX) {
    return html`<ul class="schema">${choices.map((choice, index) => html`<li key=${index}><span class="faint">either</span> <code>${nameOf(choice) ?? typeOf(choice, document)}</code>
      <${Schema} schema=${choice} document=${document} depth=${depth + 1} /></li>`)}</ul>`;
  }
  if (fields.length === 0) return depth === 0 ? html`<p><code>${typeOf(schema, document)}</code></p>` : null;
  return html`<ul class="schema">${fields.map((field) => html`<${FieldLine} key=${field.name} field=${field} document=${document} depth=${depth} />`)}</ul>`;
}

function FieldLine({ field, document, depth }) {
  const known = resolved(field.schema, document);
  const below = inner(field.schema, document);
  const canOpen = depth < DEPTH_MAX && (fieldsOf(below, document).length > 0 || (below.oneOf ?? below.anyOf)?.some((choice) => fieldsOf(resolved(choice, document), document).length > 0));
  const line = html`<code>${field.name}</code>${field.isRequired ? "" : html`<span class="faint">?</span>`} <code class="faint">${typeOf(field.schema, document)}</code> <span><${Inline} text=${field.schema.description ?? known.description} /></span>`;
  if (!canOpen) return html`<li>${line}</li>`;
  return html`<li><details><summary>${line}</summary><${Schema} schema=${field.schema} document=${document} depth=${depth + 1} /></details></li>`;
}

/** An example made of the examples of its fields; undefined where there is none. */
export function exampleOf(schema, document, depth = 0) {
  if (schema?.example !== undefined) return schema.example;
  const known = resolved(schema, document);
  if (known.example !== undefined) return known.example;
  if (known.examples?.length > 0) return known.examples[0];
  if (depth >= DEPTH_MAX) return undefined;
  const choices = known.oneOf ?? known.anyOf;
  if (choices) return exampleOf(choices.find((choice) => choice.type !== "null"), document, depth + 1);
  if (known.items) {
    const item = exampleOf(known.items, document, depth + 1);
    return item === undefined ? undefined : [item];
  }
  const valueOf = (field) => exampleOf(field.schema, document, depth + 1) ?? (field.isRequired ? emptyOf(resolved(field.schema, document)) : undefined);
  const entries = fieldsOf(known, document).map((field) => [field.name, valueOf(field)]);
  const given = entries.filter(([, value]) => value !== undefined);
  return given.length > 0 ? Object.fromEntries(given) : undefined;
}

/** What stands for a field that must be there and has no example. */
const emptyOf = ({ type }) => ({ string: "", integer: 1, number: 1, boolean: true, array: [] })[type] ?? {};
