// One operation: what it needs, takes and answers.
import { Inline, Prose } from "../lib/prose.js";
import { Copy } from "../lib/parts.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { Schema, exampleOf, resolved, typeOf } from "./schema.js";

const NEEDS = {
  public: "Anyone may call it.",
  known: "Any caller who is known may call it.",
};

/** An operation in one line, and all of it when it is opened. */
export function Operation({ operation, document, isChosen }) {
  const [isOpen, setOpen] = useState(isChosen);
  useEffect(() => {
    if (isChosen) setOpen(true);
  }, [isChosen]);
  return html`<details class="card operation" id=${operation.id} open=${isOpen} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary><span class="verb ${operation.method}">${operation.method}</span><code>${operation.path}</code><span class="faint">${operation.summary}</span></summary>
    ${isOpen && html`<${Whole} operation=${operation} document=${document} />`}
  </details>`;
}

function Whole({ operation, document }) {
  const { summary, description, parameters, requestBody, responses, permission } = operation;
  const body = requestBody && Object.entries(requestBody.content ?? {})[0];
  const example = body && (body[1].example ?? exampleOf(body[1].schema, document));
  return html`<div class="card-body">
      <p><b>${summary}</b> <a href="#${operation.id}" aria-label="Link to ${summary}">#</a></p>
      <${Prose} text=${description} />
      <p class="faint">${NEEDS[permission] ?? html`Needs <code>${permission}</code>.`}</p>
      ${parameters.length > 0 && html`<h3>Parameters</h3>
        <div class="table-frame"><table><caption class="hidden">Parameters of ${summary}</caption>
          <thead><tr><th scope="col">Name</th><th scope="col">In</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead>
          <tbody>${parameters.map((raw) => {
            const parameter = resolved(raw, document);
            return html`<tr key="${parameter.in} ${parameter.name}"><td data-name="Name"><span><code>${parameter.name}</code>${parameter.required ? html` <b class="error-text" title="required">*</b>` : ""}</span></td>
              <td data-name="In">${parameter.in}</td><td data-name="Type"><code>${typeOf(parameter.schema, document)}</code></td>
              <td data-name="Meaning"><span><${Inline} text=${parameter.description ?? parameter.schema?.description} /></span></td></tr>`;
          })}</tbody></table></div>`}
      ${body && html`<h3>Body <span class="faint">${body[0]}${requestBody.required ? "" : ", may be left out"}</span></h3>
        <${Schema} schema=${body[1].schema} document=${document} />
        ${example !== undefined && html`<div class="example"><${Copy} text=${curl(operation, example)} label="Copy as curl" /><pre><code>${JSON.stringify(example, null, 2)}</code></pre></div>`}`}
      <h3>Answers</h3>
      <div class="answers">${Object.entries(responses ?? {}).map(([status, raw]) => html`<${Answer} key=${status} status=${status} answer=${resolved(raw, document)} document=${document} />`)}</div>
    </div>`;
}

function Answer({ status, answer, document }) {
  const [type, content] = Object.entries(answer.content ?? {})[0] ?? [];
  const tone = status < 400 ? "good" : status < 500 ? "wait" : "bad";
  const line = html`<span class="status ${tone}">${status}</span><span><${Inline} text=${answer.description} /></span>`;
  if (!content?.schema || type === "application/problem+json") return html`<div class="answer">${line}</div>`;
  return html`<details class="answer"><summary>${line} <span class="faint">${type}</span></summary><${Schema} schema=${content.schema} document=${document} /></details>`;
}

const curl = ({ method, path }, example) =>
  `curl -X ${method.toUpperCase()} ${location.origin}${path} -H 'content-type: application/json' -H "authorization: Bearer $KEY" -d '${JSON.stringify(example).replaceAll("'", "'\\''")}'`;
