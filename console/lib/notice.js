// Short messages at the edge of the page, read out by screen readers. What went wrong stays until it is dismissed.
import { html, signal } from "./ui.js";

const SHOWN_MS = 6_000;
/** The oldest give way. */
const NOTICES_MAX = 4;

const notices = signal([]);
let last = 0;

function add(kind, text) {
  last += 1;
  const id = last;
  notices.value = [...notices.value, { id, kind, text }].slice(-NOTICES_MAX);
  return id;
}

const dismiss = (id) => {
  notices.value = notices.value.filter((notice) => notice.id !== id);
};

/** Says that something was done. */
export function tell(text) {
  const id = add("good", text);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

/** Says what an error says, with the id of the request that the server's log has. */
export function complain(error) {
  const request = error.problem?.request_id;
  add("bad", request ? `${error.message} (request ${request})` : error.message);
}

/** Calls `act`, and complains if it fails. Answers what it answers, or undefined. */
export async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    complain(error);
    return undefined;
  }
}

export function Notices() {
  return html`<div class="notices" role="status" aria-live="polite">
    ${notices.value.map(
      ({ id, kind, text }) => html`<div key=${id} class="notice ${kind}">
        <p>${text}</p>
        <button type="button" class="quiet" aria-label="Dismiss" onClick=${() => dismiss(id)}>✕</button>
      </div>`,
    )}
  </div>`;
}
