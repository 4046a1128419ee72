// A comparison of tickers: its summary, a chart of one metric, and all metrics as a table.
import { Bars } from "../../../lib/chart.js";
import { hasKey } from "../../../lib/credentials.js";
import { fixed, percent, words } from "../../../lib/format.js";
import { Card } from "../../../lib/parts.js";
import { html, useState } from "../../../lib/ui.js";
import { Download } from "../../../lib/download.js";
import { useArtifacts } from "../artifacts.js";

/** Metrics that are shares of a whole. */
const SHARES = ["total_return", "cagr", "volatility", "max_drawdown", "var_95", "cvar_95", "var_95_normal", "alpha"];
const METRICS = ["sharpe", "sortino", "total_return", "cagr", "volatility", "max_drawdown", "var_95", "cvar_95", "var_95_normal", "skew", "excess_kurtosis", "beta", "alpha"];

const format = (metric) => (value) => (typeof value !== "number" ? "–" : SHARES.includes(metric) ? percent(value) : fixed(value));

export function MarketComparison({ job }) {
  const { assets, ranking, correlation, conventions, notes, summary } = job.result;
  const tickers = Object.keys(assets);
  const metrics = METRICS.filter((metric) => tickers.some((ticker) => typeof assets[ticker][metric] === "number"));
  const [chosen, setChosen] = useState(metrics.find((metric) => ranking[metric]) ?? metrics[0]);
  const bars = (ranking[chosen] ?? tickers).map((ticker) => ({ label: ticker, value: assets[ticker][chosen] ?? null }));
  return html`<${Card} title="Summary"><p>${summary}</p>
      ${notes?.length > 0 && html`<ul class="plain faint">${notes.map((note) => html`<li key=${note}>${note}</li>`)}</ul>`}
    <//>
    <${Card} title="Comparison" actions=${html`<label class="inline">Metric <select value=${chosen} onChange=${(event) => setChosen(event.target.value)}>
        ${metrics.map((metric) => html`<option key=${metric} value=${metric}>${words(metric)}</option>`)}
      </select></label>`}>
      <${Bars} bars=${bars} format=${format(chosen)} label="${words(chosen)} of ${tickers.join(", ")}; the table has the figures" />
      ${conventions?.[chosen] && html`<p class="faint">${words(chosen)}: ${conventions[chosen]}</p>`}
    <//>
    <${Card} title="All figures">
      <div class="table-frame wide-table" tabindex="0" role="group" aria-label="Metrics by ticker"><table>
        <caption class="hidden">Metrics by ticker</caption>
        <thead><tr><th scope="col">Metric</th>${tickers.map((ticker) => html`<th key=${ticker} scope="col" class="end">${ticker}</th>`)}<th scope="col">Best first</th></tr></thead>
        <tbody>${metrics.map((metric) => html`<tr key=${metric}>
          <th scope="row">${words(metric)}</th>
          ${tickers.map((ticker) => html`<td key=${ticker} class="end">${format(metric)(assets[ticker][metric])}</td>`)}
          <td class="faint">${(ranking[metric] ?? []).join(", ")}</td>
        </tr>`)}</tbody>
      </table></div>
    <//>
    ${correlation && tickers.length > 1 && html`<${Card} title="Correlation of returns">
      <div class="table-frame wide-table" tabindex="0" role="group" aria-label="Correlation of returns"><table>
        <caption class="hidden">Correlation of returns</caption>
        <thead><tr><td></td>${tickers.map((ticker) => html`<th key=${ticker} scope="col" class="end">${ticker}</th>`)}</tr></thead>
        <tbody>${tickers.map((row) => html`<tr key=${row}><th scope="row">${row}</th>${tickers.map((column) => html`<td key=${column} class="end">${fixed(correlation[row]?.[column])}</td>`)}</tr>`)}</tbody>
      </table></div>
    <//>`}
    <${Picture} job=${job} />`;
}

/** The chart that the job has drawn; a browser fetches pictures with cookies alone, so with a key it is only to be saved. */
function Picture({ job }) {
  const { data } = useArtifacts(job);
  const picture = data?.items.find((artifact) => artifact.media_type === "image/svg+xml");
  if (!picture) return null;
  return html`<${Card} title="Chart of the report" actions=${html`<${Download} ...${picture} />`}>
    ${!hasKey() && html`<img class="picture" src=${picture.href} alt="The chart ${picture.name} of the report" />`}
  <//>`;
}
