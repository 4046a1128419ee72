// Requests to the server. What it refuses is thrown as an `ApiError`, which has the problem document.
import { onUnauthenticated, credentials } from "./credentials.js";

/** Longest time for an answer, in milliseconds. */
const ANSWER_MS_MAX = 30_000;

export class ApiError extends Error {
  constructor(problem, status) {
    super(problem.detail || problem.title || `The server answered ${status}`);
    this.problem = problem;
    this.status = status;
    this.code = problem.code;
    this.field = problem.field;
    this.position = problem.position;
  }
}

/** Asks for `path`. `body` is sent as JSON; the answer is JSON, or null where it has no body. */
export async function request(method, path, { body, headers = {}, signal, timeoutMs = ANSWER_MS_MAX } = {}) {
  const response = await send(method, path, { body, headers, signal, timeoutMs });
  if (response.status === 204) return null;
  const text = await response.text();
  return text === "" ? null : JSON.parse(text);
}

/** As `request`, with the answer as a browser has it: for bytes, and for headers. */
export async function send(method, path, { body, headers = {}, signal, timeoutMs = ANSWER_MS_MAX } = {}) {
  const sent = { accept: "application/json", ...credentials(method), ...headers };
  if (body !== undefined) sent["content-type"] = "application/json";
  const limit = AbortSignal.timeout(timeoutMs);
  const ask = () =>
    fetch(path, {
      method,
      headers: { ...sent, ...credentials(method) },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      cache: "no-store",
    });
  let response = await reached(ask, signal);
  if (response.status === 401 && (await onUnauthenticated.refresh(path))) {
    response = await reached(ask, signal);
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status === 401) onUnauthenticated.give(path);
  throw new ApiError(problem, response.status);
}

async function reached(ask, signal) {
  try {
    return await ask();
  } catch (error) {
    if (signal?.aborted) throw error;
    const detail = error.name === "TimeoutError" ? "The server did not answer in time" : "The server cannot be reached";
    throw new ApiError({ code: "unreachable", detail }, 0);
  }
}

async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return { code: "unreadable", detail: `The server answered ${response.status} ${response.statusText}` };
  }
}

export const get = (path, options) => request("GET", path, options);
export const post = (path, body, options) => request("POST", path, { ...options, body });
export const put = (path, body, options) => request("PUT", path, { ...options, body });
export const patch = (path, body, options) => request("PATCH", path, { ...options, body });
export const remove = (path, options) => request("DELETE", path, options);

/** As `post`, for what makes something: the same `key` makes it once, however often it is sent. */
export const create = (path, body, key = newKey(), options = {}) =>
  post(path, body, { ...options, headers: { ...options.headers, "idempotency-key": key } });

export const newKey = () => `console-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

/** A path with a query of the values that are neither empty nor missing. */
export function withQuery(path, values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
