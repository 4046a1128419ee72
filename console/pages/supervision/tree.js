// Walks through the tree of GET /v1/supervision.

/** A node and everything below it. */
export const nodesOf = (node) => [node, ...node.children.flatMap(nodesOf)];

/** Every crew. */
export const crewsOf = (root) => nodesOf(root).filter((node) => node.crew);

/** Every group that has crews or residents of its own. */
export const groupsOf = (root) =>
  nodesOf(root).filter((node) => node.kind === "supervisor" && node.children.some((child) => child.kind !== "supervisor"));

/** The longest time since a worker with a task in hand gave a sign of life, in milliseconds; null where there is none. */
export function silence(crew) {
  const silent = crew.workers.map((worker) => worker.since_progress_ms).filter((ms) => ms !== null && ms !== undefined);
  return silent.length > 0 ? Math.max(...silent) : null;
}

export const panicsOf = (crew) => crew.workers.reduce((panics, worker) => panics + worker.panics, 0);

/** The lowest and the highest generation of the workers: `3`, or `3–5`. */
export function generations(crew) {
  const all = crew.workers.map((worker) => worker.generation);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  return least === most ? String(least) : `${least}–${most}`;
}
