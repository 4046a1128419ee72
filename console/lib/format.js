// Figures, times and names as people read them. What has no value is a dash.

const NONE = "–";
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const whole = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dated = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

const isNone = (value) => value === undefined || value === null;

export const count = (value) => (isNone(value) ? NONE : whole.format(value));

/** At most `digits` after the point. */
export const number = (value, digits = 2) =>
  isNone(value) ? NONE : new Intl.NumberFormat("en", { maximumFractionDigits: digits }).format(value);

/** With exactly `digits` after the point, for columns of figures. */
export const fixed = (value, digits = 2) => (isNone(value) ? NONE : value.toFixed(digits));

export const percent = (share, digits = 1) => (isNone(share) ? NONE : `${(share * 100).toFixed(digits)}%`);

/** A length of time in milliseconds: `340 ms`, `4.2 s`, `3 min 12 s`, `5 h 2 min`, `3 d 4 h`. */
export function duration(ms) {
  if (isNone(ms) || Number.isNaN(ms)) return NONE;
  if (ms < 1) return `${number(ms, 2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)} s`;
  const two = (large, unit, small, below) => `${Math.floor(ms / large)} ${unit} ${Math.floor((ms % large) / small)} ${below}`;
  if (ms < HOUR_MS) return two(MINUTE_MS, "min", 1000, "s");
  if (ms < DAY_MS) return two(HOUR_MS, "h", MINUTE_MS, "min");
  return two(DAY_MS, "d", HOUR_MS, "h");
}

/** As `duration`, in its largest unit alone, for what is long past. */
export const roughly = (ms) => (ms === null || ms < MINUTE_MS ? duration(ms && Math.floor(ms / 1000) * 1000) : duration(ms).split(" ").slice(0, 2).join(" "));

export const since = (at, now = Date.now()) => (at ? Math.max(0, now - Date.parse(at)) : null);

/** A moment in the reader's time zone; without the day if it is today. */
export function moment(at) {
  if (!at) return NONE;
  const date = new Date(at);
  return (date.toDateString() === new Date().toDateString() ? clock : dated).format(date);
}

/** As `moment`, with milliseconds. */
export const preciseMoment = (at) => (at ? `${moment(at)}.${String(new Date(at).getMilliseconds()).padStart(3, "0")}` : NONE);

export const exactMoment = (at) => (at ? `${full.format(new Date(at))} (${at})` : "");

export function bytes(size) {
  if (isNone(size)) return NONE;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = size;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${number(value, value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

/** The end of an id, which tells it from its neighbours: ids of one moment begin alike. */
export const shortId = (id) => {
  const [prefix, digits] = id.split("_");
  return digits && digits.length > 8 ? `${prefix}_…${digits.slice(-8)}` : id;
};

/** `waiting_for_approval` as `waiting for approval`. */
export const words = (name) => String(name ?? NONE).replaceAll("_", " ");

/** `text`, cut to so many characters. */
export const fit = (text, chars) => (text.length > chars ? `${text.slice(0, chars - 1)}…` : text);
