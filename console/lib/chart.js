// Charts on a canvas, painted anew when the colours or the width change. Each stands beside a table with the same figures, which is
// what a screen reader gets.
import uPlot from "../vendor/uplot-1.6.32/uplot.js";
import { colour, painted } from "./colours.js";
import { fit } from "./format.js";
import { html, useEffect, useRef } from "./ui.js";

const HEIGHT_PX = 240;
/** Room of a character of an axis. */
const CHAR_PX = 7;
const AXIS_PX = 64;
/** Labels that do not fit beside one another are turned, and cut at so many characters. */
const TURNED = { degrees: -35, chars: 18, size_px: 96 };

const axis = () => ({ stroke: colour("faint"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 }, font: "12px system-ui, sans-serif" });

function useChart(make, inputs) {
  const frame = useRef(null);
  useEffect(() => {
    const element = frame.current;
    let chart = null;
    const paint = () => {
      chart?.destroy();
      chart = make(element, Math.floor(element.clientWidth));
    };
    const observer = new ResizeObserver(() => {
      if (chart && chart.width !== Math.floor(element.clientWidth)) paint();
    });
    paint();
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart?.destroy();
    };
  }, [...inputs, painted.value]);
  return frame;
}

/** A bar for each `{label, value}`; `format` writes values. */
export function Bars({ bars, format, label }) {
  const frame = useChart(
    (element, width) => {
      const xs = bars.map((_, index) => index);
      const longest = Math.max(...bars.map((bar) => bar.label.length));
      const isTight = longest * CHAR_PX > (width - AXIS_PX) / bars.length;
      const named = (at) => (bars[at] ? fit(bars[at].label, isTight ? TURNED.chars : longest) : "");
      return new uPlot(
        {
          width,
          height: HEIGHT_PX + (isTight ? TURNED.size_px - 50 : 0),
          padding: [null, isTight ? AXIS_PX : null, null, null],
          legend: { show: false },
          cursor: { show: false },
          scales: {
            x: { time: false, range: [-0.6, bars.length - 0.4] },
            y: { range: (_, low, high) => uPlot.rangeNum(Math.min(0, low), Math.max(0, high), 0.1, true) },
          },
          axes: [
            { ...axis(), grid: { show: false }, splits: () => xs, values: (_, splits) => splits.map(named), ...(isTight ? { rotate: TURNED.degrees, size: TURNED.size_px } : {}) },
            { ...axis(), size: AXIS_PX, values: (_, splits) => splits.map((at) => format(at)) },
          ],
          series: [{}, { stroke: colour("series-1"), fill: colour("series-1"), paths: uPlot.paths.bars({ size: [0.6, 80] }), points: { show: false } }],
        },
        [xs, bars.map((bar) => bar.value)],
        element,
      );
    },
    [JSON.stringify(bars)],
  );
  return html`<div class="chart" ref=${frame} role="img" aria-label=${label}></div>`;
}
