// Questions in a dialog: the browser's own, which keeps the focus inside and closes by Escape.
import { Field } from "./parts.js";
import { html, signal, useEffect, useId, useRef, useState } from "./ui.js";

const open = signal(null);

/**
 * Asks before something is done. `question` has `title`, `text`, `action` (the label of the button), and if wanted
 * `danger: true`, `reason: {label, required}` for a text field, `twice: true` for a second press, `body` for more content.
 * Answers null where the reader goes back, else `{reason}`.
 */
export function ask(question) {
  return new Promise((resolve) => {
    open.value = { question, resolve };
  });
}

/** As `ask`, with a field for JSON where the question has `json: {label, text}`: the answer has its value. Throws where it is none. */
export async function answered({ json, ...question }) {
  if (!json) return ask(question);
  let text = json.text;
  const field = html`<${Field} label=${json.label}><textarea rows="4" spellcheck=${false} defaultValue=${text} onInput=${(event) => (text = event.target.value)}></textarea><//>`;
  const answer = await ask({ ...question, body: html`${question.body}${field}` });
  return answer && { ...answer, json: JSON.parse(text) };
}

/** Shows `body` until it is closed. */
export const show = (title, body, { wide = false } = {}) => ask({ title, body, wide, action: null });

export function Dialogs() {
  return open.value && html`<${Dialog} key=${open.value} asked=${open.value} />`;
}

function Dialog({ asked }) {
  const { question, resolve } = asked;
  const element = useRef(null);
  const titled = useId();
  const [isSure, setSure] = useState(!question.twice);
  const [reason, setReason] = useState("");
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog.showModal();
    // Whoever follows a link of it has left it.
    const leave = () => end(null);
    addEventListener("hashchange", leave);
    return () => {
      removeEventListener("hashchange", leave);
      before?.focus?.();
    };
  }, []);
  const end = (answer) => {
    open.value = null;
    resolve(answer);
  };
  const submit = (event) => {
    event.preventDefault();
    if (isSure) end({ reason: reason.trim() });
    else setSure(true);
  };
  return html`<dialog ref=${element} class=${question.wide ? "wide" : ""} aria-labelledby=${titled}
    onCancel=${(event) => {
      event.preventDefault();
      end(null);
    }}>
    <form onSubmit=${submit}>
      <header><h2 id=${titled}>${question.title}</h2></header>
      <div class="dialog-body">
        ${question.text && html`<p>${question.text}</p>`}
        ${question.body}
        ${question.reason && html`<label class="field">
          <span>${question.reason.label}${question.reason.required ? "" : " (optional)"}</span>
          <textarea rows="2" maxlength="1000" required=${question.reason.required} value=${reason}
            onInput=${(event) => setReason(event.target.value)}></textarea>
        </label>`}
        ${question.twice && isSure && html`<p class="warning" role="alert">${question.twice === true ? "Press again to confirm." : question.twice}</p>`}
      </div>
      <footer>
        <button type="button" onClick=${() => end(null)}>${question.action ? "Go back" : "Close"}</button>
        ${question.action && html`<button type="submit" class=${question.danger ? "danger" : "primary"}>
          ${question.twice && isSure ? `Yes, ${question.action.toLowerCase()}` : question.action}
        </button>`}
      </footer>
    </form>
  </dialog>`;
}
