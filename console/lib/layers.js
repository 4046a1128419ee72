// A drawing of nodes in layers, as SVG. Nodes can be reached by the keyboard where something happens when they are chosen.
import { Graph, layout } from "../vendor/dagre-3.1.3/dagre.js";
import { html, useEffect, useMemo, useRef, useState } from "./ui.js";

/** Below this width layers lie below one another. */
export const NARROW_PX = 720;
const MARGIN_PX = 12;

/** Places nodes `{id, width, height}` and edges `{from, to}`. Answers `{nodes, edges, width, height}`; edges have points. */
export function place(nodes, edges, isNarrow) {
  const graph = new Graph();
  graph.setGraph({ rankdir: isNarrow ? "TB" : "LR", nodesep: isNarrow ? 14 : 12, ranksep: isNarrow ? 28 : 44, marginx: MARGIN_PX, marginy: MARGIN_PX });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  const { width, height } = graph.graph();
  return {
    nodes: new Map(nodes.map(({ id }) => [id, graph.node(id)])),
    edges: edges.map((edge) => ({ ...edge, points: graph.edge(edge.from, edge.to).points })),
    width,
    height,
  };
}

/** A line through points, rounded at each. */
function pathOf(points) {
  const [first, ...rest] = points;
  let path = `M${first.x},${first.y}`;
  rest.forEach((point, index) => {
    const next = rest[index + 1];
    if (!next) path += ` L${point.x},${point.y}`;
    else path += ` Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`;
  });
  return path;
}

/**
 * `nodes` are `{id, width, height, tone, title, lines, onChoose, isChosen}` and `edges` `{from, to, note, isDone}`; what they look
 * like may change without their being placed anew. `label` says what the drawing shows.
 */
export function Layers({ nodes, edges, label }) {
  const frame = useRef(null);
  const [isNarrow, setNarrow] = useState(() => innerWidth < NARROW_PX);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setNarrow(entry.contentRect.width < NARROW_PX));
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  const shape = JSON.stringify([nodes.map(({ id, width, height }) => [id, width, height]), edges.map(({ from, to }) => [from, to]), isNarrow]);
  const placed = useMemo(() => place(nodes, edges, isNarrow), [shape]);
  const scrolled = useRef(0);
  useEffect(() => {
    // A reader who has moved the drawing is left where they are.
    const root = placed.nodes.get(nodes[0]?.id);
    if (!root || frame.current.scrollLeft !== scrolled.current) return;
    frame.current.scrollLeft = root.x - frame.current.clientWidth / 2;
    scrolled.current = frame.current.scrollLeft;
  }, [placed]);
  const shown = new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge]));
  return html`<div class="layers" ref=${frame} tabindex="0" role="group" aria-label=${label}>
    <svg width=${placed.width} height=${placed.height} viewBox="0 0 ${placed.width} ${placed.height}">
      <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0,0 L8,4 L0,8 z" /></marker></defs>
      ${placed.edges.map(({ from, to, points }) => {
        const edge = shown.get(`${from} ${to}`);
        return html`<path key="${from} ${to}" class="edge ${edge?.isDone ? "done" : ""}" d=${pathOf(points)} marker-end="url(#arrow)">
          ${edge?.note && html`<title>${edge.note}</title>`}</path>`;
      })}
      ${nodes.map((node) => html`<${Node} key=${node.id} node=${node} at=${placed.nodes.get(node.id)} />`)}
    </svg>
  </div>`;
}

function Node({ node, at }) {
  const { width, height, tone, title, lines, onChoose, isChosen, share } = node;
  if (!at) return null;
  const choice = onChoose && {
    role: "button",
    tabindex: 0,
    "aria-pressed": isChosen ? "true" : "false",
    onClick: onChoose,
    onKeyDown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      onChoose();
    },
  };
  return html`<g class="node ${tone}" data-state=${node.state} data-node=${node.id} transform="translate(${at.x - width / 2},${at.y - height / 2})"
    ...${choice ?? { role: "img" }}>
    <title>${title}</title>
    <rect width=${width} height=${height} rx="6" />
    ${share > 0 && html`<rect class="share" y=${height - 4} width=${width * share} height="4" rx="2" />`}
    <path class="mark" transform="translate(14,${height / 2})" d=${MARKS[tone] ?? MARKS.calm} />
    ${lines.map((line, index) => html`<text key=${index} class=${index > 0 ? "second" : ""} x="28" y=${height / 2 + (lines.length === 1 ? 4 : index * 16 - 3)}>${line}</text>`)}
  </g>`;
}

/** A shape for each tone, for who does not tell colours apart. */
const MARKS = {
  good: "M-5,0 L-1.5,4 L5,-4",
  bad: "M-4,-4 L4,4 M4,-4 L-4,4",
  busy: "M-3,-5 L5,0 L-3,5 z",
  wait: "M-3,-5 L-3,5 M3,-5 L3,5",
  calm: "M-4,0 A4,4 0 1 0 4,0 A4,4 0 1 0 -4,0",
};
