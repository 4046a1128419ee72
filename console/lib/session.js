// Who uses the console: nobody yet, or the caller of GET /v1/me. A login is refreshed when the server no longer takes it.
import { get, post } from "./api.js";
import { hasKey, onUnauthenticated, useKey } from "./credentials.js";
import { signal } from "./ui.js";

/** `unknown` until the server has answered, `stranger` where it asks who one is, `known`, or `unreachable`. */
export const standing = signal("unknown");
/** `{principal, tenant, role, permissions}` of a known caller. */
export const me = signal(null);
/** Why the server could not be asked. */
export const trouble = signal(null);

/** Whether the caller has a permission: what a page offers follows it, the server decides. */
export const may = (permission) => me.value?.permissions.includes(permission) ?? false;

const SESSIONS = "/v1/sessions";
/** Set while this browser has a login: without one there is nothing to refresh. */
const LOGGED_IN = "callboard.logged_in";
/** When this browser last refreshed its login, in milliseconds. */
const REFRESHED_AT = "callboard.refreshed_at";

export async function begin() {
  try {
    me.value = await get("/v1/me");
    standing.value = "known";
  } catch (error) {
    if (error.status === 401) {
      standing.value = "stranger";
    } else {
      trouble.value = error;
      standing.value = "unreachable";
    }
  }
}

export async function logIn(name, password, tenant) {
  useKey(null);
  await post(SESSIONS, tenant ? { name, password, tenant } : { name, password });
  localStorage.setItem(LOGGED_IN, "yes");
  await begin();
}

/** The key is held in memory alone. */
export async function logInWithKey(key) {
  useKey(key);
  try {
    me.value = await get("/v1/me");
    standing.value = "known";
  } catch (error) {
    useKey(null);
    throw error;
  }
}

export async function logOut() {
  try {
    if (!hasKey()) await post(`${SESSIONS}/logout`, undefined);
  } catch (error) {
    // A login that is over already is what is wanted.
    if (error.status !== 401) throw error;
  }
  forget();
}

function forget() {
  useKey(null);
  localStorage.removeItem(LOGGED_IN);
  me.value = null;
  standing.value = "stranger";
}

let refreshing = null;

onUnauthenticated.refresh = (path) => {
  if (path === SESSIONS || hasKey() || !localStorage.getItem(LOGGED_IN)) return Promise.resolve(false);
  refreshing ??= refresh().finally(() => {
    refreshing = null;
  });
  return refreshing;
};

// One tab at a time, and none that another one has done already: a refresh token that comes a second time ends the login.
function refresh() {
  const began = Date.now();
  const turn = async () => {
    if (Number(localStorage.getItem(REFRESHED_AT)) >= began) return true;
    const answer = await fetch(`${SESSIONS}/refresh`, { method: "POST", cache: "no-store" });
    if (answer.ok) localStorage.setItem(REFRESHED_AT, String(Date.now()));
    return answer.ok;
  };
  const asked = navigator.locks ? navigator.locks.request(REFRESHED_AT, turn) : turn();
  return asked.catch(() => false);
}

onUnauthenticated.give = (path) => {
  if (path !== SESSIONS && me.value !== null) forget();
};
