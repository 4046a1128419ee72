// What is known of one job: its view, its tasks and its events, kept up to date by the stream of all jobs.
import { get, withQuery } from "../../lib/api.js";
import { jobStream } from "../../lib/live.js";
import { useData } from "../../lib/load.js";
import { useCallback, useEffect, useMemo, useRef, useState } from "../../lib/ui.js";

/** Events of one request. */
const PAGE_EVENTS = 1_000;
/** Events that are kept; of a job with more the oldest are left out. */
const EVENTS_MAX = 5_000;
/** From so many tasks on they are asked for less often. */
const MANY_TASKS = 500;
const TASKS_GAP_MS = { few: 250, many: 2_000 };
const NONE = [];
/** How often tasks of a live job are asked for: that a worker has taken one is no event. */
const TASKS_EVERY_MS = 1_000;

/** `{job, tasks, events, added, error, again}`. */
export function useJob(id) {
  const path = `/v1/jobs/${encodeURIComponent(id)}`;
  const view = useData((signal) => get(path, { signal }), [id]);
  const [areMany, setMany] = useState(false);
  const tasks = useData((signal) => get(`${path}/tasks`, { signal }), [id], { gapMs: areMany ? TASKS_GAP_MS.many : TASKS_GAP_MS.few });
  const { events, take, reload, isCut } = useEvents(path);
  const items = tasks.data?.items ?? NONE;
  const isOver = Boolean(view.data?.finished_at);
  useEffect(() => setMany(items.length >= MANY_TASKS), [items.length]);

  useEffect(
    () =>
      jobStream.listen((frame) => {
        if (frame.job !== id) return;
        tasks.again();
        if (frame.seq === undefined) return;
        take(frame);
        view.again();
      }),
    [id, tasks.again, view.again, take],
  );
  const again = useCallback(() => {
    view.again();
    tasks.again();
    reload();
  }, [view.again, tasks.again, reload]);
  useEffect(again, [jobStream.epoch.value]);
  useEffect(() => {
    if (isOver) return undefined;
    const timer = setInterval(() => document.hidden || tasks.again(), areMany ? TASKS_GAP_MS.many : TASKS_EVERY_MS);
    return () => clearInterval(timer);
  }, [isOver, areMany, tasks.again]);

  const added = useMemo(() => addedBy(events), [events]);
  return { job: view.data, tasks: items, events, added, areEventsCut: isCut, error: view.error ?? tasks.error, again };
}

/** Which task added which: tasks that are planned while the job runs. */
function addedBy(events) {
  const by = new Map();
  for (const event of events) {
    if (event.type === "tasks.added") for (const task of event.data?.tasks ?? []) by.set(task.id, event.data.by);
  }
  return by;
}

function useEvents(path) {
  const [events, setEvents] = useState([]);
  const known = useRef([]);
  const reading = useRef(null);
  const keep = (list) => {
    known.current = list.slice(-EVENTS_MAX);
    setEvents(known.current);
  };
  const read = useCallback(async () => {
    if (reading.current) {
      reading.current.again = true;
      return;
    }
    const turn = { again: false, controller: new AbortController() };
    reading.current = turn;
    try {
      do {
        turn.again = false;
        let isMore = true;
        while (isMore) {
          const after = known.current.at(-1)?.seq ?? 0;
          const { items } = await get(withQuery(`${path}/events`, { after, limit: PAGE_EVENTS }), { signal: turn.controller.signal });
          if (items.length > 0) keep([...known.current, ...items]);
          isMore = items.length === PAGE_EVENTS;
        }
      } while (turn.again);
    } catch {
      // The view of the job says what is wrong; the next event reads on from here.
    }
    if (reading.current === turn) reading.current = null;
  }, [path]);
  const take = useCallback(
    (frame) => {
      const last = known.current.at(-1)?.seq ?? 0;
      if (frame.seq <= last) return;
      if (frame.seq === last + 1 && !reading.current) keep([...known.current, frame]);
      else read();
    },
    [read],
  );
  useEffect(() => {
    known.current = [];
    read();
    return () => {
      reading.current?.controller.abort();
      reading.current = null;
    };
  }, [read]);
  const isCut = events.length > 0 && events[0].seq > 1;
  return { events, take, reload: read, isCut };
}
