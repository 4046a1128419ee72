// Jobs in the console: submitted, followed, filtered, paused and cancelled.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Console, leave, seen, stateOfJob } from "./console.mjs";
import { Server } from "./server.mjs";

let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await Console.open();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (hash) => browser.page(`${server.url}/${hash}`);

test("a job that is submitted by the form turns green while one looks on", async () => {
  const page = await open("#/jobs");
  await page.getByRole("link", { name: "New job" }).click();
  await page.getByLabel("Kind of job").selectOption("drill.fanout");
  await page.locator('[name="tasks"]').fill("3");
  await page.locator('[name="wait_ms"]').fill("1500");
  await page.getByRole("button", { name: "Submit job" }).click();
  await seen(page.locator('.node[data-state="running"]'));
  const marked = await page.evaluate(() => {
    window.isTheSamePage = true;
    return document.querySelectorAll('.node[data-state="succeeded"]').length;
  });
  assert.ok(marked < 5);
  await page.waitForFunction(() => document.querySelectorAll('.node[data-state="succeeded"]').length === 5);
  await seen(stateOfJob(page, "succeeded"));
  assert.equal(await page.evaluate(() => window.isTheSamePage), true);
  await page.getByRole("link", { name: "Result" }).click();
  await seen(page.locator(".tree-key", { hasText: "sum" }));
  await leave(page);
});

test("a worker that is killed is seen to be replaced", async () => {
  const page = await open("#/jobs");
  await server.failpoint("shell::perform::drill.runner", "1*panic");
  const job = await server.submit("drill.fanout", { tasks: 1, wait_ms: 300 });
  await page.goto(`${server.url}/#/jobs/${job.id}?tab=events`);
  const retried = page.locator(".events li", { hasText: "task.retried" });
  await seen(retried);
  assert.match(await retried.first().innerText(), /worker.lost.*attempt 2/s);
  await seen(stateOfJob(page, "succeeded"));
  await page.getByRole("link", { name: "Overview" }).click();
  const runner = page.locator('.node[data-node="task-1"]');
  assert.match(await runner.textContent(), /attempt 2/);
  await seen(page.locator(".piece.bad"));
  await leave(page);
});

test("a cancel is asked first and shows its receipt", async () => {
  const job = await server.submit("drill.fanout", { tasks: 4, wait_ms: 60_000 });
  const page = await open(`#/jobs/${job.id}`);
  await seen(page.locator('.node[data-state="running"]'));
  const cancel = page.getByRole("button", { name: "Cancel job" });
  await cancel.click();
  await page.keyboard.press("Escape");
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.equal((await server.ask("GET", `/v1/jobs/${job.id}`)).state, "running");
  await cancel.click();
  await page.getByLabel("Reason").fill("superseded");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel job" }).click();
  const receipt = page.getByRole("dialog", { name: "The job is cancelled" });
  await seen(receipt);
  assert.match(await receipt.innerText(), /Tasks stopped\s*5[\s\S]*Tasks already done\s*1[\s\S]*Outcomes unknown\s*0/);
  await receipt.getByRole("button", { name: "Close" }).click();
  await seen(stateOfJob(page, "cancelled"));
  assert.equal(await cancel.count(), 0);
  await page.getByRole("link", { name: "Events" }).click();
  await seen(page.locator(".events li", { hasText: "superseded" }));
  await leave(page);
});

test("a job is paused, resumed and gets its signal", async () => {
  const job = await server.submit("drill.signal", { name: "go" });
  const page = await open(`#/jobs/${job.id}`);
  await seen(page.locator(".facts", { hasText: "for the signal go" }));
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  const resume = page.getByRole("button", { name: "Resume" });
  await seen(resume);
  await resume.click();
  await seen(page.getByRole("button", { name: "Pause", exact: true }));
  await page.getByRole("button", { name: "Send signal" }).click();
  await page.getByLabel("What the task gets, as JSON").fill('{"of": "the console"}');
  await page.getByRole("dialog").getByRole("button", { name: "Send" }).click();
  await seen(stateOfJob(page, "succeeded"));
  const { items } = await server.ask("GET", `/v1/jobs/${job.id}/events`);
  assert.deepEqual(items.find((event) => event.type === "signal.received").data.payload, { of: "the console" });
  await leave(page);
});

test("a job that has used up its attempts is retried by its button", async () => {
  await server.failpoint("perform::drill.runner", "panic");
  const job = await server.submit("drill.fanout", { tasks: 1 }, { on_exhausted: "pause" });
  const page = await open(`#/jobs/${job.id}`);
  const retry = page.getByRole("button", { name: "Retry" });
  await seen(retry);
  await server.failpoint("perform::drill.runner", "off");
  await retry.click();
  await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
  await seen(stateOfJob(page, "succeeded"));
  await leave(page);
});

test("the list changes with its jobs", async () => {
  const page = await open("#/jobs");
  await seen(page.locator("tbody tr"));
  const job = await server.submit("drill.approval", { why: "Send the letter?" });
  const row = page.locator("tbody tr", { has: page.locator(`a[href="#/jobs/${job.id}"]`) });
  await seen(row.locator(".state.wait"));
  const [approval] = (await server.ask("GET", `/v1/approvals?filter=job%20%3D%20'${job.id}'`)).items;
  await server.ask("POST", `/v1/approvals/${approval.id}/approve`, {});
  await seen(row.locator(".state.good"));
  await leave(page);
});

test("a filter that is none is shown with the place where it goes wrong", async () => {
  const page = await open("#/jobs");
  const filter = page.getByLabel("Filter", { exact: true });
  await filter.fill("kind = 'drill.fanout' and stat = 'failed'");
  await filter.press("Enter");
  await seen(page.getByText("unknown field `stat`; did you mean `state`?"));
  assert.equal(await page.locator(".filter-error mark").innerText(), "stat");
  await filter.fill("kind = 'drill.approval'");
  await filter.press("Enter");
  await page.waitForFunction(() => {
    const kinds = [...document.querySelectorAll('td[data-name="Kind"]')].map((cell) => cell.textContent);
    return kinds.length > 0 && kinds.every((kind) => kind === "drill.approval");
  });
  assert.match(page.url(), /filter=kind/);
  await leave(page);
});

test("an input that is refused is marked at its field", async () => {
  const page = await open("#/jobs/new?kind=drill.fanout");
  await page.locator('[name="tasks"]').fill("0");
  await page.getByRole("button", { name: "Submit job" }).click();
  const field = page.locator(".field.invalid", { hasText: "tasks" });
  await seen(field);
  assert.match(await field.innerText(), /tasks is 0, but runs from 1 to 10000/);
  await page.locator('[name="tasks"]').fill("many");
  await page.getByRole("button", { name: "Submit job" }).click();
  await seen(page.getByText("This is not a number"));
  await page.getByRole("button", { name: "JSON", exact: true }).click();
  await page.getByLabel("Input as JSON").fill('{"tasks": 2}');
  await page.getByRole("button", { name: "Submit job" }).click();
  await seen(stateOfJob(page, "succeeded"));
  await leave(page);
});

test("a list is read page by page", async () => {
  const jobs = Array.from({ length: 60 }, () => ({ kind: "drill.fanout", input: { tasks: 1, note: "many" }, labels: { of: "paging" } }));
  await server.ask("POST", "/v1/jobs/batch", { jobs });
  const page = await open("#/jobs?filter=labels.of%20%3D%20'paging'");
  const links = page.locator("tbody tr a");
  const rows = (count) => page.waitForFunction((count) => document.querySelectorAll("tbody tr").length === count, count);
  await rows(50);
  const first = await links.first().getAttribute("href");
  await page.getByRole("button", { name: "Older" }).click();
  await rows(10);
  assert.ok((await links.last().getAttribute("href")) < first);
  await page.getByRole("button", { name: "Newer" }).click();
  await rows(50);
  assert.equal(await links.first().getAttribute("href"), first);
  await leave(page);
});

test("a comparison has a chart, verified facts with their origins, and files", async () => {
  const job = await server.submit("market.compare", { tickers: ["AAPL", "AMZN"] }, { wait: 30 });
  const page = await open(`#/jobs/${job.id}?tab=result`);
  await seen(page.locator(".chart canvas"));
  await page.getByRole("combobox", { name: "Metric" }).selectOption("volatility");
  await seen(page.getByText("sample standard deviation of returns"));
  await page.getByRole("link", { name: "Facts", exact: true }).click();
  await page.getByLabel("Search in statements").fill("sharpe ratio of aapl");
  await page.getByRole("button", { name: /^Lineage of/ }).first().click();
  await seen(page.locator(".layers .node"));
  await page.getByRole("link", { name: "Artifacts" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download comparison.svg" }).click()]);
  assert.equal(download.suggestedFilename(), "comparison.svg");
  await leave(page);
});

test("a graph is read and a dialog answered with the keyboard alone", async () => {
  const job = await server.submit("drill.signal", { name: "never" });
  const page = await open(`#/jobs/${job.id}`);
  await seen(page.locator(".node"));
  await page.locator(".node").nth(1).focus();
  await page.keyboard.press("Enter");
  await seen(page.locator(".note", { hasText: "drill.listener" }));
  await page.getByRole("button", { name: "Cancel job" }).focus();
  await page.keyboard.press("Enter");
  await seen(page.getByRole("dialog"));
  assert.equal(await page.evaluate(() => document.activeElement.closest("dialog") !== null), true);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement.textContent === "Cancel job" && !document.querySelector("dialog"));
  await leave(page);
});

test("many tasks that are alike are one node with their number", async () => {
  const job = await server.submit("drill.fanout", { tasks: 1000 }, { wait: 30 });
  const page = await open(`#/jobs/${job.id}`);
  await seen(page.locator('.node[data-state="succeeded"]', { hasText: "1000 of 1000 done" }));
  assert.equal(await page.locator(".node").count(), 3);
  await leave(page);
});

test("an address that is none is said to be so, at the start and later", async () => {
  const page = await open("#/jobs/%zz");
  const none = page.getByRole("heading", { name: "There is no such page" });
  await seen(none);
  await page.getByRole("link", { name: "Jobs", exact: true }).click();
  await seen(page.getByRole("heading", { name: "Jobs" }));
  await page.evaluate(() => (location.hash = "#/%E0%A4%A"));
  await seen(none);
  await page.getByRole("link", { name: "Usage" }).click();
  await seen(page.getByRole("heading", { name: "Usage" }));
  await leave(page);
});

test("the timeline tells queueing from work", async () => {
  await server.ask("POST", "/v1/supervision/roles/drill.runner/pause", {});
  const job = await server.submit("drill.fanout", { tasks: 1, wait_ms: 3_000 });
  const page = await open(`#/jobs/${job.id}`);
  const lane = page.locator(".timeline li", { hasText: "run:1" });
  await seen(lane.locator(".piece.calm", { hasText: /attempt 1: queues, ([2-9]|1\.[5-9])/ }));
  await server.ask("POST", "/v1/supervision/roles/drill.runner/resume", {});
  await seen(lane.locator(".piece.busy", { hasText: "attempt 1: runs" }));
  await seen(stateOfJob(page, "succeeded"));
  await seen(lane.locator(".piece.good"));
  const pieces = await lane.locator(".piece").evaluateAll((all) => all.map((piece) => [piece.title.replace(/,.*/, ""), piece.getBoundingClientRect().width]));
  assert.deepEqual(pieces.map(([text]) => text), ["attempt 1: queued", "attempt 1: succeeded"]);
  assert.match(await lane.innerText(), /queued, [\s\S]*succeeded, /);
  const { items } = await server.ask("GET", `/v1/jobs/${job.id}/tasks`);
  const [task] = items.filter((task) => task.role === "drill.runner");
  const [event] = (await server.ask("GET", `/v1/jobs/${job.id}/events`)).items.filter((event) => event.data.task === task.id && event.type === "task.succeeded");
  assert.equal(event.data.ran_ms, task.ran_ms);
  const spent = Date.parse(task.finished_at) - Date.parse(job.created_at);
  assert.ok(task.ran_ms >= 3_000 && task.ran_ms <= spent - 1_400, `${task.ran_ms} of ${spent} ms`);
  await leave(page);
});

test("a job that has ended is run again with what it had, and its evidence saved", async () => {
  const first = await server.submit("drill.fanout", { tasks: 2, note: "first" }, { wait: 30, labels: { team: "core" }, priority: 7 });
  const page = await open(`#/jobs/${first.id}`);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Evidence" }).click()]);
  assert.equal(download.suggestedFilename(), `evidence-${first.id}.json`);
  await page.getByRole("link", { name: "Run again" }).click();
  await seen(page.getByText("As job_"));
  await page.locator('[name="note"]').fill("second");
  await page.getByRole("button", { name: "Submit job" }).click();
  await seen(stateOfJob(page, "succeeded"));
  const id = page.url().split("/").at(-1);
  assert.notEqual(id, first.id);
  const second = await server.ask("GET", `/v1/jobs/${id}`);
  assert.deepEqual([second.kind, second.labels, second.priority], ["drill.fanout", { team: "core" }, 7]);
  const shown = await server.ask("GET", `/v1/jobs/${first.id}`);
  assert.deepEqual(second.input, { ...shown.input, note: "second" });
  await leave(page);
});

test("a graph that is wider than the page begins with its root", async () => {
  const job = await server.submit("market.compare", { tickers: ["AAPL", "AMZN", "IBM"] }, { wait: 60 });
  const page = await browser.page(`${server.url}/#/jobs/${job.id}`, { width: 380, height: 820 });
  await seen(page.locator(".node"));
  const [isWider, root, frame] = await page.locator(".layers").evaluate((frame) => {
    const box = (element) => (({ left, right }) => ({ left, right }))(element.getBoundingClientRect());
    return [frame.scrollWidth > frame.clientWidth, box(frame.querySelector('.node[data-node="task-0"] rect')), box(frame)];
  });
  assert.ok(isWider);
  assert.ok(root.left >= frame.left && root.right <= frame.right, JSON.stringify([root, frame]));
  await leave(page);
});

test("a list asks anew for what concerns it, and only while it is seen", async () => {
  const page = await browser.page("about:blank");
  const asked = [];
  const heard = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => heard.push(JSON.parse(payload))));
  await page.goto(`${server.url}/#/approvals`);
  await seen(page.locator(".live.open"));
  const times = () => asked.filter((path) => path === "/v1/approvals").length;
  await server.submit("drill.approval", { why: "The first?" });
  await seen(page.getByText("The first?"));
  const before = times();
  for (let turn = 0; turn < 4; turn += 1) await server.submit("drill.fanout", { tasks: 2, wait_ms: 400 }, { wait: 30 });
  await server.submit("drill.approval", { why: "The second?" });
  await seen(page.getByText("The second?"));
  assert.ok(times() - before <= 2, `asked ${times() - before} times`);

  const hide = (isHidden) => page.evaluate((isHidden) => {
    Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);
  await hide(true);
  const unseen = times();
  const job = await server.submit("drill.approval", { why: "The third?" });
  await server.submit("drill.fanout", { tasks: 1, wait_ms: 2_500 }, { wait: 30 });
  assert.ok(heard.some((frame) => frame.type === "approval.requested" && frame.job === job.id));
  assert.equal(times(), unseen);
  await hide(false);
  await seen(page.getByText("The third?"));
  await leave(page);
});

test("usage is counted anew once in a while, however many jobs end", async () => {
  const page = await browser.page("about:blank");
  let asked = 0;
  page.on("request", (request) => (asked += request.url().includes("/v1/usage") ? 1 : 0));
  await page.goto(`${server.url}/#/usage`);
  await seen(page.locator("tbody tr"));
  await seen(page.locator(".live.open"));
  for (let turn = 0; turn < 3; turn += 1) await server.submit("drill.fanout", { tasks: 1, wait_ms: 2_200 }, { wait: 30 });
  // At its start, when the stream opens, and for the first of these.
  assert.ok(asked <= 3, `asked ${asked} times`);
  await leave(page);
});

test("a page that loads late does not take the place of the one that the reader went to", async () => {
  const page = await browser.page("about:blank");
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  await page.route("**/console/pages/jobs.js", async (route) => {
    await opened;
    await route.continue();
  });
  await page.goto(`${server.url}/#/jobs`);
  await page.getByRole("link", { name: "Approvals" }).click();
  await seen(page.getByRole("heading", { name: "Approvals" }));
  open();
  // Its parts have come and it is on its way to be shown.
  await page.evaluate(() => import("/console/pages/jobs.js").then(() => new Promise(requestAnimationFrame)));
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.equal(await page.getByRole("heading", { name: "Approvals" }).count(), 1);
  await leave(page);
});
