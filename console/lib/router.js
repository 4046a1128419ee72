// Where the reader is: `#/jobs/job_1?filter=..`. The part behind `#` is never sent to the server, so every page has one
// address whatever the server answers at others.
import { signal } from "./ui.js";

/** `{parts, query}`: segments of the path, and its query as an object. */
export const place = signal(read());

function read() {
  const [path, query] = location.hash.replace(/^#/, "").split("?");
  return { parts: partsOf(path), query: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

/** What cannot be decoded stays as it is, in one part: no page has a name with a percent sign. */
function partsOf(path) {
  try {
    return path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return [path];
  }
}

addEventListener("hashchange", () => {
  place.value = read();
});

/** The address of a place. */
export function href(parts, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(kept).toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export function go(parts, query) {
  location.hash = href(parts, query);
}

/** Changes the query of this page without an entry in the history. */
export function amend(query) {
  const here = place.value;
  history.replaceState(null, "", href(here.parts, { ...here.query, ...query }));
  place.value = read();
}
