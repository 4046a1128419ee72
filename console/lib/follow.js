// Lists that are read anew when something happens that concerns them: not for each event, and not while nobody can see them.
import { jobStream } from "./live.js";
import { useEffect, useRef } from "./ui.js";

/** At least so long passes between two readings of a list, in milliseconds. */
export const LIST_GAP_MS = 2_000;

/**
 * Calls `again` when a frame of jobs comes that `concerns` says yes to, and when frames were missed, at most once in `gapMs`. What
 * came while the page could not be seen is read when it can be.
 */
export function useFollowing(again, concerns, gapMs) {
  const isConcerned = useRef(concerns);
  isConcerned.current = concerns;
  const note = useRef(null);
  useEffect(() => {
    let timer = null;
    let isDue = false;
    let readAt = -Infinity;
    const read = () => {
      timer = null;
      isDue = document.hidden;
      if (isDue) return;
      readAt = performance.now();
      again();
    };
    note.current = () => {
      if (timer === null && !isDue) timer = setTimeout(read, Math.max(0, readAt + gapMs - performance.now()));
    };
    const look = () => isDue && read();
    const stop = jobStream.listen((frame) => frame.seq !== undefined && isConcerned.current(frame) && note.current());
    document.addEventListener("visibilitychange", look);
    return () => {
      stop();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [again, gapMs]);

  const epoch = jobStream.epoch.value;
  const known = useRef(epoch);
  useEffect(() => {
    if (known.current === epoch) return;
    known.current = epoch;
    // In a flood it counts on by itself; otherwise a connection was lost, and what is shown may be old.
    if (jobStream.status.peek() === "flooded" || document.hidden) note.current();
    else again();
  }, [epoch, again]);
}
