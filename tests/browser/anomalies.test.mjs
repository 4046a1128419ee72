// What is higher than usual: the mark in the header, the list that it leads to, and advice on what costs most.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Console, leave, seen } from "./console.mjs";
import { SIZES, examine } from "./examine.mjs";
import { Server } from "./server.mjs";

const KIND = "drill.fanout";
/** Far beyond what a busy machine adds to a job that does nothing. */
const SLOW_MS = 3_000;
/** Fewer give no sample. */
const JOBS_OF_A_SAMPLE = 5;
const MARK = ".anomaly-mark";

let server;
let browser;

before(async () => {
  // One worker that does one thing at a time, so that there is advice to give.
  const settings = {
    CALLBOARD_ANOMALIES__EVERY: "1s",
    CALLBOARD_ROLES__DRILL__RUNNER__WORKERS: "1",
    CALLBOARD_ROLES__DRILL__RUNNER__CONCURRENCY: "1",
  };
  server = await Server.start({ settings });
  browser = await Console.open();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const seenByServer = () => server.ask("GET", "/v1/anomalies");

/** Runs as many jobs as make a sample. */
const run = (wait_ms) => Promise.all(Array.from({ length: JOBS_OF_A_SAMPLE }, () => server.submit(KIND, { tasks: 1, wait_ms }, { wait: 60 })));

async function learn() {
  for (;;) {
    await run(0);
    const { series, learning } = await seenByServer();
    if (series > 0 && learning === 0) return;
  }
}

const ofJobs = ({ items }) => items.find((one) => one.series === "job_latency_ms" && one.subject === KIND && one.value > SLOW_MS / 2);

const open = async (path, size) => {
  const page = await browser.page("about:blank", { ...size, bypassCSP: true });
  await page.goto(server.url + path);
  return page;
};

test("usage tells whoever runs the server what costs most and what could be done", async () => {
  await server.submit(KIND, { tasks: 40, wait_ms: 60 }, { wait: 60 });
  for (const size of SIZES) {
    const page = await open("/#/usage", size);
    const advice = page.locator(".advice");
    await seen(advice.locator("tbody tr", { hasText: "drill.runner" }));
    await seen(advice.locator("code", { hasText: 'roles."drill.runner".workers' }));
    await examine(page, "advice", size, "light");
    await leave(page);
  }
});

test("jobs that take longer than usual are marked in the header, which leads to the list", async () => {
  await learn();
  await run(SLOW_MS);
  while (!ofJobs(await seenByServer())) await run(SLOW_MS);
  assert.equal(ofJobs(await seenByServer()).state, "current");
  for (const size of SIZES) {
    const page = await open("/#/jobs", size);
    await seen(page.locator("main tbody tr"));
    await seen(page.locator(MARK));
    assert.match(await page.locator(MARK).innerText(), /^[1-9]\d* anomal(y|ies)$/);
    await examine(page, "anomaly-mark", size, "light");
    await page.locator(MARK).click();
    const row = page.locator(".anomaly-list tbody tr", { hasText: "Time of jobs" }).filter({ hasText: KIND });
    await seen(row);
    await seen(row.locator(".state", { hasText: "current" }));
    assert.match(page.url(), /#\/health/);
    await examine(page, "anomalies", size, "light");
    await leave(page);
  }

  const page = await open("/#/health", SIZES[0]);
  await seen(page.locator(MARK));
  while ((await seenByServer()).current > 0) await run(0);
  await page.locator(MARK).waitFor({ state: "detached" });
  await seen(page.locator(".anomaly-list .state", { hasText: "returned" }));
  await leave(page);
});
