// What a JSON schema asks for, as far as a form can ask it: fields of one line, numbers, choices, lists of words. Anything else
// is a field of JSON.

/** Longest text that is asked for in one line. */
const LINE_CHARS_MAX = 300;
/** From this length on a text is asked for in several lines. */
const TEXT_CHARS_MIN = 1_000;

/** The fields of an object's schema: `{name, hint, required, kind, choices, schema}`; those that are needed first, then those
 * that `examples` have. */
export function fieldsOf(schema, examples) {
  const required = new Set(schema.required ?? []);
  const order = [...required, ...examples.flatMap(Object.keys)];
  const rank = ({ name }) => (order.includes(name) ? order.indexOf(name) : order.length);
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const known = plain(property, schema);
    return {
      name,
      hint: (property.description ?? known.description)?.replaceAll("`", ""),
      required: required.has(name),
      default: property.default,
      schema: known,
      ...kindOf(known, schema),
    };
  });
  return fields.sort((one, other) => rank(one) - rank(other));
}

/** A schema without references, and without the alternative of being null. */
function plain(schema, root) {
  let known = schema;
  for (let depth = 0; depth < 8; depth += 1) {
    if (known.$ref) {
      const found = known.$ref.replace(/^#\//, "").split("/").reduce((at, key) => at?.[key], root);
      known = { ...found, ...without(known, "$ref") };
      continue;
    }
    const choices = known.anyOf?.filter((choice) => choice.type !== "null");
    if (choices?.length === 1) {
      known = { ...without(known, "anyOf"), ...choices[0] };
      continue;
    }
    break;
  }
  if (Array.isArray(known.type)) {
    const types = known.type.filter((type) => type !== "null");
    known = { ...known, type: types.length === 1 ? types[0] : types };
  }
  return known;
}

const without = (object, key) => Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));

function kindOf(schema, root) {
  if (schema.enum) return { kind: "choice", choices: schema.enum };
  if (schema.type === "boolean") return { kind: "yesno" };
  if (schema.type === "integer" || schema.type === "number") return { kind: schema.type };
  if (schema.type === "string") return { kind: schema.maxLength > TEXT_CHARS_MIN ? "text" : "line" };
  if (schema.type === "array" && schema.items) {
    const item = plain(schema.items, root);
    if (item.enum) return { kind: "choices", choices: item.enum };
    if (item.type === "string") return { kind: "lines" };
  }
  return { kind: "json" };
}

/** What a field shows of a value. */
export function shown(field, value) {
  if (value === undefined || value === null) return field.kind === "choices" ? [] : "";
  if (field.kind === "lines") return value.join(", ");
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  if (field.kind === "choices") return value;
  return String(value);
}

/** Whether a text of a field needs several lines. */
export const isLong = (field, text) => field.kind === "text" || (field.kind === "line" && (text.includes("\n") || text.length > LINE_CHARS_MAX));

/** The value that was entered, undefined where nothing was. Throws where it is not what the field takes. */
export function entered(field, text) {
  if (field.kind === "choices") return text.length > 0 ? text : undefined;
  if (text.trim() === "") return undefined;
  switch (field.kind) {
    case "integer":
    case "number": {
      const value = Number(text);
      if (Number.isNaN(value)) throw new Error("This is not a number");
      if (field.kind === "integer" && !Number.isInteger(value)) throw new Error("This is not a whole number");
      return value;
    }
    case "yesno":
      return text === "true";
    case "lines":
      return text.split(/[,\n]/).map((item) => item.trim()).filter(Boolean);
    case "json":
      try {
        return JSON.parse(text);
      } catch (error) {
        throw new Error(`This is not JSON: ${error.message}`);
      }
    case "choice":
      return field.choices.find((choice) => String(choice) === text);
    default:
      return text;
  }
}

/** The bounds that a schema states, in words. */
export function boundsOf({ minimum, maximum, minItems, maxItems, maxLength }) {
  const range = (low, high, unit) => {
    if (low !== undefined && high !== undefined) return `${low} to ${high}${unit}`;
    if (low) return `at least ${low}${unit}`;
    return high === undefined ? null : `at most ${high}${unit}`;
  };
  return range(minimum, maximum, "") ?? range(minItems, maxItems, " of them") ?? range(undefined, maxLength, " characters");
}
