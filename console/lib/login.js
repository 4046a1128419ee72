// Where a stranger says who they are: a name and a password, or an API key.
import { Field, Problem } from "./parts.js";
import { logIn, logInWithKey } from "./session.js";
import { html, useState } from "./ui.js";

export function Login() {
  const [byKey, setByKey] = useState(false);
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const entered = new FormData(event.target);
    const text = (name) => String(entered.get(name) ?? "").trim();
    setBusy(true);
    setError(null);
    try {
      if (byKey) await logInWithKey(text("key"));
      else await logIn(text("name"), String(entered.get("password")), text("tenant"));
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return html`<main class="alone">
    <h1>Callboard</h1>
    <form class="card login" onSubmit=${submit}>
      <div class="card-body">
        <div class="tabs" role="group" aria-label="How to log in">
          <button type="button" aria-pressed=${!byKey} onClick=${() => setByKey(false)}>Password</button>
          <button type="button" aria-pressed=${byKey} onClick=${() => setByKey(true)}>API key</button>
        </div>
        ${byKey
          ? html`<${Field} label="API key" hint="Kept in this page alone, until it is left or loaded again.">
              <input name="key" type="password" autocomplete="off" required />
            <//>`
          : html`<${Field} label="Name"><input name="name" autocomplete="username" required /><//>
              <${Field} label="Password"><input name="password" type="password" autocomplete="current-password" required /><//>
              <${Field} label="Tenant" hint="Empty for the tenant named default."><input name="tenant" autocomplete="organization" /><//>`}
        <${Problem} error=${error} />
        <button type="submit" class="primary" disabled=${isBusy}>Log in</button>
      </div>
    </form>
  </main>`;
}
