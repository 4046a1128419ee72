// A new job: a kind is chosen, and its input is asked for by a form that its schema gives, or as JSON.
import { create, get, newKey } from "../../lib/api.js";
import { useData } from "../../lib/load.js";
import { tell } from "../../lib/notice.js";
import { Card, Field, JobLink, Loading, PageHead, Problem } from "../../lib/parts.js";
import { amend, go } from "../../lib/router.js";
import { html, useEffect, useMemo, useRef, useState } from "../../lib/ui.js";
import { InputField } from "./fields.js";
import { entered, fieldsOf, shown } from "./schema.js";

const PRIORITY_MAX = 9;

export function NewJob({ query }) {
  const kinds = useData((signal) => get("/v1/kinds", { signal }), []);
  const items = kinds.data?.items ?? [];
  const kind = query.kind ?? items[0]?.name;
  return html`<${PageHead} title="New job" />
    <${Problem} error=${kinds.error} again=${kinds.again} />
    ${!kinds.data && !kinds.error && html`<${Loading} what="kinds" />`}
    ${kinds.data && html`<${Card} title="Kind">
      <${Field} label="Kind of job" hint=${items.find((item) => item.name === kind)?.summary}>
        <select value=${kind} onChange=${(event) => amend({ kind: event.target.value, from: undefined })}>
          ${items.map((item) => html`<option key=${item.name} value=${item.name}>${item.name}</option>`)}
        </select>
      <//>
    <//>`}
    ${kind && html`<${Order} key="${kind} ${query.from}" kind=${kind} from=${query.from} />`}`;
}

/** `from` is the id of a job whose input and settings are taken over. */
function Order({ kind, from }) {
  const read = (signal) => Promise.all([
    get(`/v1/kinds/${encodeURIComponent(kind)}`, { signal }),
    from && get(`/v1/jobs/${encodeURIComponent(from)}`, { signal }),
  ]);
  const { data, error, again } = useData(read, [kind, from]);
  if (error) return html`<${Problem} error=${error} again=${again} />`;
  if (!data) return html`<${Loading} what=${kind} />`;
  const [known, model] = data;
  return html`${model && html`<p class="faint">As <${JobLink} id=${model.id} /> was submitted.</p>`}
    <${Form} kind=${known} model=${model?.kind === kind ? model : undefined} />`;
}

function Form({ kind, model }) {
  const fields = useMemo(() => fieldsOf(kind.schema, kind.examples), [kind]);
  const first = model?.input ?? kind.examples[0];
  const [texts, setTexts] = useState(() => textsOf(fields, first));
  const [json, setJson] = useState(() => JSON.stringify(first ?? {}, null, 2));
  // What the form has no field for would be lost in it.
  const [isJson, setIsJson] = useState(() => !Object.keys(first ?? {}).every((name) => fields.some((field) => field.name === name)) || fields.length === 0);
  const [options, setOptions] = useState(() => optionsOf(model));
  const [errors, setErrors] = useState({});
  const [refused, setRefused] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const sent = useRef({ body: null, key: null });

  const take = (input) => {
    setTexts(textsOf(fields, input));
    setJson(JSON.stringify(input, null, 2));
    setErrors({});
  };
  const toJson = () => {
    const read = inputOf(fields, texts);
    if (Object.keys(read.errors).length === 0) setJson(JSON.stringify(read.input, null, 2));
    setIsJson(true);
  };
  const toForm = () => {
    try {
      setTexts(textsOf(fields, JSON.parse(json)));
      setErrors({});
      setIsJson(false);
    } catch (error) {
      setErrors({ "": `This is not JSON: ${error.message}` });
    }
  };
  const submit = async (event) => {
    event.preventDefault();
    setRefused(null);
    const read = isJson ? parsed(json) : inputOf(fields, texts);
    setErrors(read.errors);
    if (Object.keys(read.errors).length > 0) return;
    let body;
    try {
      body = { kind: kind.name, input: read.input, ...settings(options) };
    } catch (error) {
      setErrors({ labels: error.message });
      return;
    }
    // The same order that is sent again, because the answer was lost, makes no second job.
    const text = JSON.stringify(body);
    if (sent.current.body !== text) sent.current = { body: text, key: newKey() };
    setBusy(true);
    try {
      const job = await create("/v1/jobs", body, sent.current.key);
      tell(`Job ${job.id} was accepted.`);
      go(["jobs", job.id]);
    } catch (error) {
      const field = fields.find(({ name }) => error.field?.replace(/^input\./, "").split(/[.[]/)[0] === name);
      if (field && !isJson) setErrors({ [field.name]: error.message });
      else setRefused(error);
      setBusy(false);
    }
  };
  const set = (name) => (text) => setTexts((before) => ({ ...before, [name]: text }));
  const option = (name) => (event) => setOptions((before) => ({ ...before, [name]: event.target.value }));
  const modes = html`<div class="tabs" role="group" aria-label="How to enter the input">
    <button type="button" aria-pressed=${!isJson} disabled=${fields.length === 0} onClick=${toForm}>Form</button>
    <button type="button" aria-pressed=${isJson} onClick=${toJson}>JSON</button>
  </div>`;
  useFocusOnError(errors);
  return html`<form class="form" noValidate onSubmit=${submit}>
    <${Card} title="Input" actions=${modes}>
      <div class="actions" role="group" aria-label="Examples">
        <span class="faint">Examples:</span>
        ${kind.examples.map((example, index) => html`<button key=${index} type="button" title=${JSON.stringify(example).slice(0, 200)}
          onClick=${() => take(example)}>${index + 1}</button>`)}
        <button type="button" class="quiet" onClick=${() => take({})}>Empty</button>
      </div>
      ${isJson
        ? html`<${Field} label="Input as JSON" error=${errors[""]}>
            <textarea rows="14" spellcheck=${false} value=${json} onInput=${(event) => setJson(event.target.value)}></textarea>
          <//>`
        : html`<div class="form-grid">${fields.map((field) => html`<${InputField} key=${field.name} field=${field}
            value=${texts[field.name]} error=${errors[field.name]} onChange=${set(field.name)} />`)}</div>`}
    <//>
    <${Card} title="Settings">
      <div class="form-grid">
        <${Field} label="Priority" hint="0 to ${PRIORITY_MAX}, higher first; 5 where it is empty.">
          <input type="number" min="0" max=${PRIORITY_MAX} value=${options.priority} onInput=${option("priority")} />
        <//>
        <${Field} label="Labels" hint="As name=value, with commas between them." error=${errors.labels}>
          <input value=${options.labels} onInput=${option("labels")} />
        <//>
        <${Field} label="Deadline" hint="The job fails when it has not ended by then.">
          <input type="datetime-local" value=${options.deadline} onInput=${option("deadline")} />
        <//>
        <${Field} label="When attempts are used up">
          <select value=${options.onExhausted} onChange=${option("onExhausted")}>
            <option value="fail">The job fails</option><option value="pause">The job waits for an operator</option>
          </select>
        <//>
      </div>
    <//>
    <${Problem} error=${refused} />
    <div class="actions"><button type="submit" class="primary" disabled=${isBusy}>Submit job</button></div>
  </form>`;
}

function useFocusOnError(errors) {
  useEffect(() => {
    if (Object.keys(errors).length > 0) document.querySelector(".field.invalid :is(input, select, textarea)")?.focus();
  }, [errors]);
}

const optionsOf = (model) => ({
  priority: model ? String(model.priority) : "",
  labels: Object.entries(model?.labels ?? {}).map((pair) => pair.join("=")).join(", "),
  deadline: "",
  onExhausted: "fail",
});

const textsOf = (fields, input = {}) => Object.fromEntries(fields.map((field) => [field.name, shown(field, input[field.name])]));

function inputOf(fields, texts) {
  const input = {};
  const errors = {};
  for (const field of fields) {
    try {
      const value = entered(field, texts[field.name]);
      if (value !== undefined) input[field.name] = value;
      else if (field.required) errors[field.name] = "This is needed";
    } catch (error) {
      errors[field.name] = error.message;
    }
  }
  return { input, errors };
}

function parsed(json) {
  try {
    return { input: JSON.parse(json), errors: {} };
  } catch (error) {
    return { input: null, errors: { "": `This is not JSON: ${error.message}` } };
  }
}

function settings({ priority, labels, deadline, onExhausted }) {
  const set = {};
  if (priority !== "") set.priority = Number(priority);
  if (deadline !== "") set.deadline = new Date(deadline).toISOString();
  if (onExhausted !== "fail") set.on_exhausted = onExhausted;
  const pairs = labels.split(",").map((pair) => pair.trim()).filter(Boolean).map((pair) => pair.split("="));
  if (pairs.some((pair) => pair.length !== 2 || !pair[0])) throw new Error("Labels are written name=value");
  if (pairs.length > 0) set.labels = Object.fromEntries(pairs.map(([name, value]) => [name.trim(), value.trim()]));
  return set;
}
