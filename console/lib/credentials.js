// By what a request shows who asks: the cookies of a login, which the browser adds, or an API key, which is kept in memory
// and gone when the page is left.

let key = null;

export const useKey = (value) => {
  key = value;
};
export const hasKey = () => key !== null;

/** Headers that go with a request. */
export function credentials(method) {
  if (key !== null) return { authorization: `Bearer ${key}` };
  const csrf = cookie("callboard_csrf");
  return csrf && method !== "GET" ? { "x-csrf-token": csrf } : {};
}

function cookie(name) {
  const found = document.cookie.split("; ").find((entry) => entry.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : null;
}

/** What a request does that is answered with 401: set by the session. */
export const onUnauthenticated = {
  refresh: async (_path) => false,
  give: (_path) => {},
};
