// The pages on the HTTP interface: /openapi.json as people read it.
import { get } from "./lib/api.js";
import { Prose } from "./lib/prose.js";
import { Loading, Problem } from "./lib/parts.js";
import { html, render, useEffect, useMemo, useState } from "./lib/ui.js";
import { Operation } from "./docs/operation.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

function Docs() {
  const [state, setState] = useState({});
  const [text, setText] = useState("");
  useEffect(() => {
    get("/openapi.json").then((document) => setState({ document }), (error) => setState({ error }));
  }, []);
  const groups = useMemo(() => (state.document ? groupsOf(state.document) : []), [state.document]);
  const [chosen, setChosen] = useState(location.hash.slice(1));
  useEffect(() => {
    const follow = () => setChosen(location.hash.slice(1));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    if (state.document && chosen) document.getElementById(chosen)?.scrollIntoView();
  }, [state.document, chosen]);
  if (state.error) return html`<main class="alone"><${Problem} error=${state.error} /></main>`;
  if (!state.document) return html`<main class="alone"><${Loading} what="the description" /></main>`;
  const { info } = state.document;
  const isWanted = (operation) => `${operation.method} ${operation.path} ${operation.summary} ${operation.id} ${operation.permission}`.toLowerCase().includes(text.trim().toLowerCase());
  const shown = groups.map(([tag, operations]) => [tag, operations.filter(isWanted)]).filter(([, operations]) => operations.length > 0);
  return html`<header class="top"><a class="brand" href="/"><img src="/console/icon.svg" alt="" width="22" height="22" />Callboard</a>
      <nav class="always" aria-label="Pages"><a href="/">Console</a><a href="/docs" aria-current="page">API</a></nav>
      <div class="who"><a href="/openapi.json">openapi.json</a></div></header>
    <div class="docs">
      <nav class="docs-nav" aria-label="Operations">
        <label class="hidden" for="search">Search operations</label>
        <input id="search" type="search" placeholder="Search operations" value=${text} onInput=${(event) => setText(event.target.value)} />
        ${shown.map(([tag, operations]) => html`<details key=${tag} open><summary>${tag}</summary><ul>
          ${operations.map((operation) => html`<li key=${operation.id}><a href="#${operation.id}"><span class="verb ${operation.method}">${operation.method}</span>${operation.summary}</a></li>`)}
        </ul></details>`)}
      </nav>
      <main>
        <h1>${info.title} HTTP interface</h1>
        <p class="faint">Version ${info.version} · OpenAPI ${state.document.openapi} · ${info.license?.name}</p>
        <${Prose} text=${info.description} />
        ${shown.length === 0 && html`<p class="empty">No operation is like that.</p>`}
        ${shown.map(([tag, operations]) => html`<section key=${tag} aria-label=${tag}><h2>${tag}</h2>
          ${operations.map((operation) => html`<${Operation} key=${operation.id} operation=${operation} document=${state.document} isChosen=${operation.id === chosen} />`)}
        </section>`)}
      </main>
    </div>`;
}

/** Operations by their tag, in the order of the document. */
function groupsOf(document) {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      ...item[method],
      id: item[method].operationId,
      method,
      path,
      permission: item[method]["x-permission"],
      parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])],
    })),
  );
  return [...Map.groupBy(operations, (operation) => operation.tags?.[0] ?? "other")];
}

render(html`<${Docs} />`, document.getElementById("docs"));
