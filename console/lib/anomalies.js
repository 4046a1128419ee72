// What is higher than usual, looked at again and again while somebody uses the console who may see it.
import { get } from "./api.js";
import { may, me } from "./session.js";
import { html, signal, useEffect } from "./ui.js";

const AGAIN_MS = 10_000;

/** The answer of GET /v1/anomalies; null until there is one. */
export const anomalies = signal(null);

async function look() {
  try {
    anomalies.value = await get("/v1/anomalies");
  } catch {
    // What was seen last stays; that the server cannot be asked is said elsewhere.
  }
}

/** How many series are higher than usual, with the way to the list; nothing while none is. */
export function AnomalyMark() {
  const who = me.value?.principal;
  useEffect(() => {
    if (!may("metrics:read")) return undefined;
    look();
    const timer = setInterval(() => document.hidden || look(), AGAIN_MS);
    return () => {
      clearInterval(timer);
      anomalies.value = null;
    };
  }, [who]);
  const current = anomalies.value?.current ?? 0;
  return html`<span role="status">${current > 0 && html`<a class="anomaly-mark state wait" href="#/health">
    <span class="dot" aria-hidden="true"></span>${current === 1 ? "1 anomaly" : `${current} anomalies`}</a>`}</span>`;
}
