// THE list of pages that are examined: where each is, and what is on it when it has loaded. `start` makes what they show.

import { join } from "node:path";

export async function start(server) {
  const market = await server.submit("market.compare", { tickers: ["AAPL", "AMZN", "IBM"] }, { wait: 60, labels: { team: "core" } });
  const synth = await server.submit("synth.dataset", { rows: 500, seed: 7 }, { wait: 60 });
  const signal = await server.submit("drill.signal", { name: "go" }, { priority: 8 });
  await server.submit("drill.approval", { why: "Send the letter?" });
  await server.failpoint("perform::drill.runner", "panic");
  const failed = await server.submit("drill.fanout", { tasks: 2 }, { wait: 60 });
  await server.failpoint("perform::drill.runner", "off");
  await server.failpoint("shell::perform::drill.once", "1*panic");
  await server.submit("drill.effects", { ledger: join(server.directory, "ledger"), tasks: 1, once: 1 });
  await server.ask("POST", "/v1/keys", { name: "nightly import", role: "service" });
  await server.ask("PUT", "/v1/roles/auditor", { permissions: ["audit:read", "jobs:read"] });
  await server.ask("POST", "/v1/supervision/roles/drill.planner/restart", { reason: "new certificates" });
  return { market: market.id, synth: synth.id, signal: signal.id, failed: failed.id };
}

/** Calls `look` with a job that runs meanwhile. */
export async function whileOneRuns(server, look) {
  const { id } = await server.submit("drill.fanout", { tasks: 6, wait_ms: 60_000 });
  await look(id);
  await server.ask("POST", `/v1/jobs/${id}/cancel`);
}

/** `[name, address, what is seen]` of each page. */
export const pages = ({ market, synth, signal, running, failed }) => [
  ["job-running", `/#/jobs/${running}`, '.node[data-state="running"]'],
  ["jobs", "/#/jobs", "tbody tr"],
  ["jobs-filter-wrong", "/#/jobs?filter=stat%20%3D%20'failed'", ".filter-error mark"],
  ["job-new", "/#/jobs/new?kind=market.compare", ".form-grid input"],
  ["job-new-drill", "/#/jobs/new?kind=drill.fanout", ".form-grid input"],
  ["job-overview", `/#/jobs/${market}`, ".piece.good"],
  ["job-waiting", `/#/jobs/${signal}`, ".piece.wait"],
  ["job-failed", `/#/jobs/${failed}`, ".piece.bad"],
  ["job-result-market", `/#/jobs/${market}?tab=result`, ".chart canvas"],
  ["job-result-synth", `/#/jobs/${synth}?tab=result`, ".chart canvas"],
  ["job-tasks", `/#/jobs/${market}?tab=tasks`, "tbody tr"],
  ["job-events", `/#/jobs/${failed}?tab=events`, ".events li"],
  ["job-facts", `/#/jobs/${market}?tab=facts`, "tbody tr"],
  ["job-artifacts", `/#/jobs/${synth}?tab=artifacts`, "tbody tr"],
  ["job-input", `/#/jobs/${market}?tab=input`, ".tree"],
  ["supervision", "/#/supervision", ".events tbody tr"],
  ["supervision-crew", "/#/supervision/drill.runner?kind=trouble", ".crew-detail tbody tr"],
  ["approvals", "/#/approvals", "tbody tr"],
  ["effects", "/#/effects", "tbody tr .actions"],
  ["job-again", `/#/jobs/new?kind=market.compare&from=${market}`, ".form-grid input"],
  ["none", "/#/jobs/%zz", "h1"],
  ["audit", "/#/audit", "tbody tr"],
  ["usage", "/#/usage", "tbody tr"],
  ["health", "/#/health", "tbody tr"],
  ["keys", "/#/keys", "tbody tr .actions"],
  ["docs", "/docs#submit_job", ".operation .answers"],
];
