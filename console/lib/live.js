// What happens, as it happens: one websocket for everything of jobs, open as long as the console is, and one for supervision
// while a page shows it. A connection that is lost is opened again with `after`, so nothing is missed.
import { get, post } from "./api.js";
import { hasKey } from "./credentials.js";
import { signal } from "./ui.js";

/** Waits between attempts to connect, in milliseconds; the last one stays. Each is drawn between half of it and all of it. */
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000];
/** Close code of a stream whose caller may no longer have it. */
const BARRED = 4401;
/** Attempts that fail while the server answers otherwise before the place to resume from is given up. */
const REFUSALS_MAX = 2;

/** More frames in a second than this are more than a page can take in: it reads anew at intervals instead. */
const FRAMES_PER_SECOND_MAX = 2_000;
/** How often pages read anew then, and how long until the stream is tried again, in milliseconds. */
const FLOOD = { everyMs: 2_000, restMs: 10_000 };

/** A websocket that is kept open. Listeners get each frame. */
class Stream {
  /** `connecting`, `open`, `flooded` while more happens than a page can take in, `lost`, or `closed` when nobody wants it. */
  status = signal("closed");
  /** Counts how often frames may have been missed: what a page has read must be read again. */
  epoch = signal(0);
  /** Whether the connection that is open went on where the one before it broke off. */
  isResumed = signal(false);
  /** When the next attempt to connect comes, in milliseconds. */
  retryAt = signal(null);

  #path;
  #placeOf;
  #listeners = new Set();
  #socket = null;
  #timer = null;
  #after = null;
  #attempt = 0;
  #refusals = 0;
  #turn = 0;
  #second = 0;
  #frames = 0;

  constructor(path, placeOf) {
    this.#path = path;
    this.#placeOf = placeOf;
  }

  /** Calls `listener` with each frame until the function that is returned is called. */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  open() {
    if (this.status.value !== "closed") return;
    this.#attempt = 0;
    this.#connect();
  }

  /** Ends it, and forgets where it was. */
  close() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
    this.#after = null;
    this.retryAt.value = null;
    this.status.value = "closed";
  }

  /** Tries to connect at once, where it would wait. */
  hurry() {
    if (this.status.value !== "lost") return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  async #connect() {
    this.#turn += 1;
    const turn = this.#turn;
    this.retryAt.value = null;
    if (this.status.value === "closed") this.status.value = "connecting";
    const query = new URLSearchParams();
    if (this.#after !== null) query.set("after", this.#after);
    try {
      // A browser sends no header with a websocket, so a key is exchanged for a ticket.
      if (hasKey()) query.set("ticket", (await post("/v1/stream-tickets", undefined)).ticket);
    } catch {
      if (turn === this.#turn) this.#lose();
      return;
    }
    if (turn !== this.#turn) return;
    const url = new URL(`${this.#path}?${query}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    let opened = false;
    socket.onopen = () => {
      if (turn !== this.#turn) return;
      opened = true;
      // Without a place to resume from it begins with what comes next, and pages have read what was before.
      const missed = this.#after === null;
      this.#attempt = 0;
      this.#refusals = 0;
      this.isResumed.value = !missed;
      this.status.value = "open";
      if (missed) this.epoch.value += 1;
    };
    socket.onmessage = (message) => {
      if (turn === this.#turn) this.#take(JSON.parse(message.data));
    };
    socket.onclose = (closed) => {
      if (turn !== this.#turn) return;
      if (closed.code === BARRED || !opened) this.#probe(turn);
      else this.#lose();
    };
  }

  #take(frame) {
    if (this.#isFlood()) {
      this.#rest();
      return;
    }
    const place = this.#placeOf(frame);
    if (place !== null) this.#after = place;
    if (frame.type === "gap") {
      this.isResumed.value = false;
      this.epoch.value += 1;
    }
    for (const listener of this.#listeners) listener(frame);
  }

  #isFlood() {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#frames = 0;
    }
    this.#frames += 1;
    return this.#frames > FRAMES_PER_SECOND_MAX;
  }

  // What is not read piles up in the browser, so the stream is left and begins anew later.
  #rest() {
    this.#turn += 1;
    this.#socket?.close();
    this.#socket = null;
    this.#after = null;
    this.status.value = "flooded";
    const until = Date.now() + FLOOD.restMs;
    const look = () => {
      this.epoch.value += 1;
      this.#timer = setTimeout(Date.now() < until ? look : () => this.#connect(), FLOOD.everyMs);
    };
    look();
  }

  // A browser does not tell why a websocket was refused. A request does, and renews a login that has run out.
  async #probe(turn) {
    try {
      await get("/v1/me");
      this.#refusals += 1;
      if (this.#refusals > REFUSALS_MAX) this.#after = null;
    } catch {
      // The session knows what a 401 means; anything else is a lost connection.
    }
    if (turn === this.#turn) this.#lose();
  }

  #lose() {
    this.#socket = null;
    this.status.value = "lost";
    const longest = RETRY_MS[Math.min(this.#attempt, RETRY_MS.length - 1)];
    this.#attempt += 1;
    const wait = longest * (0.5 + Math.random() / 2);
    this.retryAt.value = Date.now() + wait;
    this.#timer = setTimeout(() => this.#connect(), wait);
  }
}

/** Frames `{pos, seq, type, at, job, data}` of every job of the tenant, and progress, which has neither place. */
export const jobStream = new Stream("/v1/stream", (frame) =>
  frame.pos !== undefined && frame.seq !== undefined ? `${frame.pos}.${frame.seq}` : null,
);

/** Frames of supervision events, without a place to resume from. Open while `watchSupervision` is in use. */
export const supervisionStream = new Stream("/v1/supervision/stream", () => null);

let watchers = 0;

/** Calls `listener` with each supervision event until the function that is returned is called. */
export function watchSupervision(listener) {
  const stop = supervisionStream.listen(listener);
  watchers += 1;
  supervisionStream.open();
  return () => {
    stop();
    watchers -= 1;
    if (watchers === 0) supervisionStream.close();
  };
}

addEventListener("online", () => {
  jobStream.hurry();
  supervisionStream.hurry();
});
