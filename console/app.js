// The frame of the console: who uses it, where they may go, whether what they see is live, and the page they are at.
import { AnomalyMark } from "./lib/anomalies.js";
import { Dialogs } from "./lib/dialog.js";
import { jobStream, supervisionStream } from "./lib/live.js";
import { Login } from "./lib/login.js";
import { Notices, attempt } from "./lib/notice.js";
import { Loading, PageHead, Problem, now } from "./lib/parts.js";
import { href, place } from "./lib/router.js";
import { begin, logOut, may, me, standing, trouble } from "./lib/session.js";
import { chooseTheme, theme } from "./lib/colours.js";
import { effect, html, render, useEffect, useState } from "./lib/ui.js";
import { PAGES } from "./pages.js";

const allowed = () => PAGES.filter((page) => !page.needs || may(page.needs));

function App() {
  if (standing.value === "unknown") return html`<main class="alone"><${Loading} what="the console" /></main>`;
  if (standing.value === "unreachable") {
    return html`<main class="alone"><h1>Callboard</h1><${Problem} error=${trouble.value} again=${begin} /></main>`;
  }
  if (standing.value === "stranger") return html`<${Login} />`;
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to the page</a>
    <${TopBar} />
    <${Connection} stream=${jobStream} what="Live updates" />
    <${Connection} stream=${supervisionStream} what="Supervision events" />
    <${Here} />
    <${Notices} />
    <${Dialogs} />`;
}

function skip(event) {
  event.preventDefault();
  document.querySelector("main h1")?.focus();
}

function TopBar() {
  const [isOpen, setOpen] = useState(false);
  const here = place.value.parts[0] ?? PAGES[0].name;
  useEffect(() => setOpen(false), [place.value]);
  return html`<header class="top">
    <a class="brand" href="#/"><img src="/console/icon.svg" alt="" width="22" height="22" />Callboard</a>
    <button type="button" class="quiet menu" aria-expanded=${isOpen} aria-controls="nav" onClick=${() => setOpen(!isOpen)}>Menu</button>
    <nav id="nav" class=${isOpen ? "open" : ""} aria-label="Pages">
      ${allowed().map(
        (page) => html`<a key=${page.name} href=${href([page.name])} aria-current=${page.name === here ? "page" : undefined}>${page.title}</a>`,
      )}
      <a href="/docs">API</a>
    </nav>
    <div class="who">
      <${AnomalyMark} />
      <${LiveMark} />
      <label class="hidden" for="theme">Colours</label>
      <select id="theme" value=${theme.value} onChange=${(event) => chooseTheme(event.target.value)}>
        <option value="system">System</option><option value="light">Light</option><option value="dark">Dark</option>
      </select>
      <span class="principal" title="${me.value.role} of tenant ${me.value.tenant}">${me.value.principal}</span>
      ${me.value.principal !== "anonymous" && html`<button type="button" class="quiet" onClick=${() => attempt(logOut)}>Log out</button>`}
    </div>
  </header>`;
}

function LiveMark() {
  const status = jobStream.status.value;
  if (!may("jobs:read")) return null;
  const said = { open: "Live", flooded: "Every 2 s" }[status] ?? "Not live";
  const title = status === "flooded" ? "More happens than a page can take in" : undefined;
  return html`<span class="live ${status}" role="status" title=${title}><span class="dot" aria-hidden="true"></span>${said}</span>`;
}

/** Says that a connection is lost, until it is back. */
function Connection({ stream, what }) {
  const status = stream.status.value;
  const [wasLost, setLost] = useState(false);
  useEffect(() => {
    if (status === "lost") setLost(true);
    if (status === "closed") setLost(false);
    if (status !== "open" || !wasLost) return undefined;
    const timer = setTimeout(() => setLost(false), BACK_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [status, wasLost]);
  if (status === "lost") {
    const wait = Math.max(0, Math.ceil(((stream.retryAt.value ?? now.value) - now.value) / 1000));
    return html`<div class="banner bad" role="alert">
      <span>Connection lost. ${what} are missing; what you see may be old.${wait > 0 ? ` Trying again in ${wait} s.` : " Trying again…"}</span>
      <button type="button" onClick=${() => stream.hurry()}>Try again</button>
    </div>`;
  }
  if (!wasLost || status !== "open") return null;
  return html`<div class="banner good" role="status">${stream.isResumed.value ? "Connection is back. Nothing was missed." : "Connection is back; the page was read anew."}</div>`;
}

/** How long it is said that a connection is back, in milliseconds. */
const BACK_SHOWN_MS = 4_000;

function Here() {
  const { parts } = place.value;
  const page = allowed().find((page) => page.name === (parts[0] ?? allowed()[0]?.name));
  const [loaded, setLoaded] = useState({});
  useEffect(() => {
    if (!page) return undefined;
    // One that the reader has left meanwhile may come after the one they are at.
    let isWanted = true;
    const take = (loaded) => isWanted && setLoaded({ name: page.name, ...loaded });
    page.load().then(({ Page }) => take({ Page }), () => take({ error: new Error("This page could not be loaded") }));
    return () => (isWanted = false);
  }, [page?.name]);
  useEffect(() => {
    // A reader who hears the page is taken to what is new, unless they are in the middle of something.
    if (loaded.Page && document.activeElement === document.body) document.querySelector("main h1")?.focus({ preventScroll: true });
  }, [loaded.name, parts[1]]);
  let shown = html`<${Loading} />`;
  if (!page) shown = html`<${PageHead} title="There is no such page" lead="Its address is wrong, or you may not see it." />`;
  else if (loaded.name === page.name) shown = loaded.error ? html`<${Problem} error=${loaded.error} />` : html`<${loaded.Page} parts=${parts.slice(1)} query=${place.value.query} />`;
  return html`<main id="main">${shown}</main>`;
}

effect(() => {
  if (standing.value === "known" && may("jobs:read")) jobStream.open();
  else jobStream.close();
});

render(html`<${App} />`, document.getElementById("console"));
begin();
