// Parts that pages are made of.
import { exactMoment, moment, preciseMoment, roughly, shortId, since, words } from "./format.js";
import { href } from "./router.js";
import { Fragment, cloneElement, html, isValidElement, signal, useEffect, useId, useRef, useState } from "./ui.js";

/** The time, once a second, for what shows how long ago something was. */
export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1000);

/** How a state looks: `good`, `bad`, `busy`, `wait` or `calm`. */
const TONES = {
  good: ["succeeded", "healthy", "verified", "approved", "closed", "idle", "enabled", "active", "open_stream"],
  bad: ["failed", "unhealthy", "refuted", "open", "rejected", "panicked", "revoked", "unknown_outcome", "lost", "escalated", "breaker_opened"],
  busy: ["running", "planning", "aggregating", "validating", "busy", "starting"],
  wait: ["waiting", "retrying", "paused", "degraded", "half_open", "pending_approval", "draining", "unknown", "restarting", "stalled"],
};

export function toneOf(state) {
  return Object.keys(TONES).find((tone) => TONES[tone].includes(state)) ?? "calm";
}

/** A state as a word with a colour and a shape of its own. */
export const State = ({ name, tone }) =>
  html`<span class="state ${tone ?? toneOf(name)}"><span class="dot" aria-hidden="true"></span>${words(name)}</span>`;

/** A moment, with milliseconds if `isPrecise`; its exact time as a title. */
export const When = ({ at, isPrecise }) =>
  html`<time datetime=${at ?? ""} title=${exactMoment(at)}>${(isPrecise ? preciseMoment : moment)(at)}</time>`;

const ago = (ms) => (ms < 1000 ? "just now" : `${roughly(ms)} ago`);

/** How long ago a moment was, kept up to date. */
export const Ago = ({ at }) =>
  at ? html`<time datetime=${at} title=${exactMoment(at)}>${ago(since(at, now.value))}</time>` : html`<span>–</span>`;

export const Id = ({ id, full = false }) => html`<code class="id" title=${id}>${full ? id : shortId(id)}</code>`;

export const JobLink = ({ id, full = false }) => html`<a href=${href(["jobs", id])}><${Id} id=${id} full=${full} /></a>`;

/** Text that can be copied. Where the browser lets no page do it, as over plain HTTP, the text is selected for the reader to copy. */
export function Copy({ text, label = "Copy" }) {
  const [done, setDone] = useState(null);
  const field = useRef(null);
  useEffect(() => field.current?.select(), [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone("copied");
    } catch {
      setDone("selected");
      field.current?.select();
    }
  };
  return html`<button type="button" class="quiet" onClick=${copy}>${done === "copied" ? "Copied" : label}</button>
    ${done === "selected" && html`<span class="by-hand"><textarea ref=${field} class="mono" rows="1" readonly aria-label="Text to copy" value=${text}></textarea>
      <small role="status">This browser does not let the page copy. The text is selected: press Ctrl+C, or ⌘C.</small></span>`}`;
}

/** What the server refused, or why it could not be asked. */
export function Problem({ error, again }) {
  if (!error) return null;
  const { code, request_id: request } = error.problem ?? {};
  return html`<div class="problem" role="alert">
    <p>${error.message}</p>
    <p class="faint">${[code, request && `request ${request}`].filter(Boolean).join(" · ")}</p>
    ${again && html`<button type="button" onClick=${again}>Try again</button>`}
  </div>`;
}

export const Loading = ({ what = "" }) => html`<p class="loading" role="status">Loading ${what}…</p>`;

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

/** A titled part of a page. `actions` stand beside the title. */
export const Card = ({ title, actions, children, className = "" }) => html`<section class="card ${className}">
  ${title && html`<header><h2>${title}</h2>${actions && html`<div class="actions">${actions}</div>`}</header>`}
  <div class="card-body">${children}</div>
</section>`;

/** The head of a page; also the title of the window. */
export function PageHead({ title, lead, children }) {
  useEffect(() => {
    document.title = `${title} · Callboard`;
  }, [title]);
  return html`<header class="page-head">
    <div><h1 tabindex="-1">${title}</h1>${lead && html`<p class="lead">${lead}</p>`}</div>
    <div class="actions">${children}</div>
  </header>`;
}

/** Names and values. */
export const Facts = ({ of }) => html`<dl class="facts">
  ${of.filter(Boolean).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
</dl>`;

/** A share of a whole as a bar with its words. */
export const Meter = ({ done, total, tone = "busy", label }) => html`<span class="meter ${tone}">
  <progress max=${total || 1} value=${done} aria-label=${label ?? "progress"}></progress><span>${done}/${total}</span>
</span>`;

/** A field of a form: one control with its label, a hint and what is wrong with it. */
export function Field({ label, hint, error, required, children }) {
  const id = useId();
  const about = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  const control = [children].flat().find(isValidElement);
  return html`<div class="field ${error ? "invalid" : ""}">
    <label for=${id}>${label}${required ? html`<b aria-hidden="true"> *</b>` : ""}</label>
    ${cloneElement(control, { id, "aria-describedby": about, "aria-invalid": error ? "true" : undefined })}
    ${hint && html`<small id="${id}-hint">${hint}</small>`}
    ${error && html`<small id="${id}-error" class="error" role="alert">${error}</small>`}
  </div>`;
}

/** Any JSON value as a tree that folds. */
export function Tree({ value, name, depth = 0 }) {
  const label = name === undefined ? null : html`<span class="tree-key">${name}</span>`;
  if (value === null || typeof value !== "object") {
    return html`<div class="tree-leaf">${label}<span class="tree-${value === null ? "null" : typeof value}">${JSON.stringify(value)}</span></div>`;
  }
  const entries = Array.isArray(value) ? value.map((item, index) => [index, item]) : Object.entries(value);
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return html`<details class="tree" open=${depth < 2 && entries.length <= 50}>
    <summary>${label}<span class="faint">${size}</span></summary>
    <${Fragment}>${entries.map(([key, item]) => html`<${Tree} key=${key} name=${key} value=${item} depth=${depth + 1} />`)}<//>
  </details>`;
}
