// Data of a page: loaded, loaded again when something has happened, and kept on screen meanwhile.
import { get, withQuery } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./ui.js";

/**
 * Calls `read(signal)` at once, whenever one of `inputs` changes, and when `again` is called. Calls of `again` within
 * `gapMs` are one, the last of them is not lost. Answers `{data, error, isLoading, again}`.
 */
export function useData(read, inputs, { gapMs = 250 } = {}) {
  const [state, setState] = useState({ data: null, error: null, isLoading: true });
  const running = useRef(null);
  const due = useRef(null);
  const latest = useRef(read);
  latest.current = read;

  const load = useCallback(async () => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    try {
      const data = await latest.current(controller.signal);
      if (!controller.signal.aborted) setState({ data, error: null, isLoading: false });
    } catch (error) {
      if (!controller.signal.aborted) setState((before) => ({ data: before.data, error, isLoading: false }));
    }
    if (running.current === controller) running.current = null;
  }, []);

  const again = useCallback(() => {
    if (due.current !== null) return;
    const run = () => {
      due.current = null;
      // One in hand is let finish: under a steady stream of events none ever would otherwise.
      if (running.current) again();
      else load();
    };
    due.current = setTimeout(run, gapMs);
  }, [gapMs]);

  useEffect(() => {
    setState((before) => ({ ...before, isLoading: true }));
    load();
    return () => {
      clearTimeout(due.current);
      due.current = null;
      running.current?.abort();
      running.current = null;
    };
  }, inputs);
  return { ...state, again };
}

/** Pages of a list that is answered as `{items, next_cursor}`. `query` is what stays the same from page to page. */
export function usePages(path, query) {
  const [cursors, setCursors] = useState([null]);
  const asked = JSON.stringify([path, query]);
  const [askedBefore, setAskedBefore] = useState(asked);
  const trail = askedBefore === asked ? cursors : [null];
  if (askedBefore !== asked) {
    setAskedBefore(asked);
    setCursors(trail);
  }
  const cursor = trail[trail.length - 1];
  const loaded = useData((signal) => get(withQuery(path, { ...query, cursor }), { signal }), [asked, cursor]);
  const nextCursor = loaded.data?.next_cursor;
  return {
    ...loaded,
    items: loaded.data?.items ?? [],
    number: trail.length,
    hasBefore: trail.length > 1,
    hasNext: nextCursor !== undefined && nextCursor !== null,
    next: () => setCursors([...trail, nextCursor]),
    before: () => setCursors(trail.slice(0, -1)),
  };
}
