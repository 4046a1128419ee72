// What a task did when, from the events of its job: pieces `{from, to, tone, text}` in milliseconds. The event that an attempt
// ends with says how long a worker had it; before that it queued. Where it does not say, the piece of work begins when the
// task could begin.

/** Times within the data of an event are milliseconds, its own is a text. */
const timeOf = (time) => (typeof time === "number" ? time : Date.parse(time));

const FINAL = ["job.succeeded", "job.failed", "job.cancelled"];

/** Pieces of each task by its id, and of the job itself. Those that are not over end at `now`. */
export function spansOf(events, tasks, before, now) {
  const at = (event) => timeOf(event.at);
  const first = (type) => events.find((event) => event.type === type);
  const end = events.find((event) => FINAL.includes(event.type));
  const over = end ? at(end) : now;
  const succeeded = new Map();
  for (const event of events) if (event.type === "task.succeeded") succeeded.set(event.data?.task, at(event));
  const planned = first("job.planned");
  if (planned) succeeded.set(0, at(planned));

  const startOf = (task) => {
    const after = before.get(task.id) ?? [];
    const ends = after.map((id) => succeeded.get(id));
    if (task.stage === "plan") return first("job.planning") && at(first("job.planning"));
    if (ends.some((end) => end === undefined)) return undefined;
    return Math.max(...ends);
  };
  const ofTask = Map.groupBy(events.filter((event) => event.data?.task !== undefined), (event) => (typeof event.data.task === "object" ? event.data.task.id : event.data.task));
  const spans = new Map();
  for (const task of tasks) {
    const start = startOf(task);
    if (start !== undefined) spans.set(task.id, piecesOf(task, start, ofTask.get(task.id) ?? [], over, task.id === 0 ? planned : null));
  }
  return { spans, job: ofJob(events, over) };
}

function piecesOf(task, start, events, over, planned) {
  const pieces = [];
  let from = start;
  let attempt = 1;
  let wait = null;
  const add = (to, tone, text) => {
    if (to > from) pieces.push({ from, to, tone, text });
    from = Math.max(from, to);
  };
  /** What no worker had for a while queued before; what took no time at all still has a piece. */
  const work = (to, tone, what, ran) => {
    if (ran !== undefined) {
      add(to - ran, "calm", `attempt ${attempt}: queued`);
      from = Math.min(from, to);
      if (to === from) pieces.push({ from, to, tone, text: `attempt ${attempt}: ${what}` });
    }
    add(to, tone, `attempt ${attempt}: ${what}`);
  };
  const waitEnds = (to) => {
    if (wait) add(to, "wait", wait);
    wait = null;
  };
  for (const event of planned ? [...events, planned] : events) {
    const at = timeOf(event.at);
    const data = event.data ?? {};
    switch (event.type) {
      case "task.started":
        waitEnds(at);
        break;
      case "task.retried":
        work(at, "bad", `failed, ${data.cause?.kind ?? ""} ${data.cause?.message ?? ""}`, data.ran_ms);
        wait = "wait before the next attempt";
        waitEnds(Math.min(timeOf(data.at), over));
        attempt = data.attempt;
        break;
      case "task.snoozed":
        work(at, "busy", "put itself off", data.ran_ms);
        wait = "waits for a timer";
        break;
      case "approval.requested":
        work(at, "busy", "asked for an approval", data.ran_ms);
        wait = "waits for an approval";
        break;
      case "signal.awaited":
        work(at, "busy", `asked for the signal ${data.name}`, data.ran_ms);
        wait = `waits for the signal ${data.name}`;
        break;
      case "effect.unknown":
        work(at, "bad", "lost, its outcome unknown", data.ran_ms);
        wait = "waits for a person to find out";
        break;
      case "task.exhausted":
      case "task.quarantined":
        work(at, "bad", "no attempts left", data.ran_ms);
        wait = "waits for an operator";
        break;
      case "task.released":
        work(at, "calm", "given back by a server that stopped");
        break;
      case "task.woken":
      case "approval.decided":
      case "signal.received":
      case "signal.taken":
      case "effect.resolved":
      case "task.renewed":
        waitEnds(at);
        attempt = data.attempt ?? attempt;
        break;
      case "task.succeeded":
      case "job.planned":
        waitEnds(Math.min(at, from));
        work(at, "good", "succeeded", data.ran_ms);
        return closed(pieces, start, at, "good");
      case "task.failed":
        work(at, "bad", `failed, ${data.failure?.kind ?? ""} ${data.failure?.message ?? ""}`, data.ran_ms);
        return closed(pieces, start, at, "bad");
      default:
        break;
    }
  }
  if (wait) waitEnds(over);
  else if (task.state === "running") work(over, "busy", "runs", task.taken_at && Math.max(0, over - timeOf(task.taken_at)));
  else if (["ready", "retrying"].includes(task.state)) work(over, "calm", "queues");
  else if (task.state === "cancelled") work(over, "calm", "cancelled");
  return pieces;
}

/** A task that took no time at all still has a piece. */
const closed = (pieces, from, to, tone) => (pieces.length > 0 ? pieces : [{ from, to, tone, text: "done at once" }]);

const OF_JOB = {
  "job.submitted": ["calm", "queued"],
  "job.planning": ["busy", "planning"],
  "job.planned": ["busy", "running"],
  "job.running": ["busy", "running"],
  "job.resumed": ["busy", "running"],
  "job.waiting": ["wait", "waiting"],
  "job.paused": ["wait", "paused"],
  "job.aggregating": ["busy", "aggregating"],
  "job.validating": ["busy", "validating"],
};

function ofJob(events, over) {
  const changes = events.filter((event) => OF_JOB[event.type]);
  return changes.map((event, index) => {
    const [tone, text] = OF_JOB[event.type];
    const next = changes[index + 1];
    return { from: timeOf(event.at), to: next ? timeOf(next.at) : over, tone, text };
  });
}
