// A connection that is lost and regained.
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

const numbers = (page) => page.locator(".events .seq").allInnerTexts();

test("a connection that is lost is shown, and nothing is missed when it is back", async () => {
  const job = await server.submit("drill.fanout", { tasks: 3, wait_ms: 8_000 });
  const page = await browser.page("about:blank");
  const placed = new Promise((resolve) => {
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => JSON.parse(payload).seq !== undefined && resolve()));
  });
  await page.goto(`${server.url}/#/jobs/${job.id}?tab=events`);
  await seen(page.locator(".live.open"));
  // The stream goes on behind the last event that came.
  await server.submit("drill.fanout", { tasks: 1 }, { wait: 30 });
  await placed;
  await seen(page.locator(".events li", { hasText: "job.planned" }));
  await page.evaluate(() => (window.isTheSamePage = true));
  await server.kill();
  await seen(page.getByText("Connection lost."));
  await seen(page.locator(".live.lost"));
  await server.run();
  await seen(page.getByText("Connection is back. Nothing was missed."));
  await seen(page.locator(".live.open"));
  await seen(stateOfJob(page, "succeeded"));
  await seen(page.locator(".events li", { hasText: "job.succeeded" }));
  const shown = (await numbers(page)).map(Number).reverse();
  assert.deepEqual(shown, shown.map((_, index) => index + 1));
  const { items } = await server.ask("GET", `/v1/jobs/${job.id}/events?limit=1000`);
  assert.equal(shown.length, items.length);
  assert.equal(await page.evaluate(() => window.isTheSamePage), true);
  await leave(page);
});

test("a connection that cannot be resumed is not said to have missed nothing, and the page is read anew", async () => {
  const page = await browser.page(`${server.url}/#/jobs`);
  await seen(page.locator("tbody tr, .empty"));
  // Nothing has come yet that it could go on behind.
  await seen(page.locator(".live.open"));
  await server.kill();
  await seen(page.getByText("Connection lost."));
  const readAnew = page.waitForResponse((response) => new URL(response.url()).pathname === "/v1/jobs" && response.ok());
  await server.run();
  await seen(page.getByText("Connection is back; the page was read anew."));
  await readAnew;
  assert.equal(await page.getByText("Nothing was missed").count(), 0);
  await leave(page);
});

test("one who asks for it is connected again at once", async () => {
  const page = await browser.page(`${server.url}/#/jobs`);
  await seen(page.locator(".live.open"));
  await server.kill();
  const again = page.locator(".banner").getByRole("button", { name: "Try again" });
  await seen(again);
  await server.run();
  await again.click();
  await seen(page.locator(".live.open"));
  await leave(page);
});

test("a server that cannot be reached is said to be so, and asked again", async () => {
  const page = await browser.page(`${server.url}/`);
  await page.route("**/v1/me", (route) => route.abort());
  await page.reload();
  await seen(page.getByText("The server cannot be reached"));
  await page.unroute("**/v1/me");
  await page.getByRole("button", { name: "Try again" }).click();
  await seen(page.getByRole("heading", { name: "Jobs" }));
  await leave(page);
});

test("a flood of events is not taken in one by one, and the stream comes back", async () => {
  const page = await browser.page("about:blank");
  // Each frame comes a thousand times, as on a server with a thousand times as many jobs.
  await page.addInitScript(() => {
    window.times = 1_000;
    window.WebSocket = class extends WebSocket {
      set onmessage(listener) {
        super.onmessage = (message) => {
          for (let time = 0; time < window.times; time += 1) listener(message);
        };
      }
    };
  });
  await page.goto(`${server.url}/#/jobs`);
  await seen(page.locator(".live.open"));
  const job = await server.submit("drill.fanout", { tasks: 4 }, { wait: 30 });
  await seen(page.locator(".live.flooded"));
  await page.evaluate(() => (window.times = 1));
  const later = await server.submit("drill.fanout", { tasks: 1 }, { wait: 30 });
  for (const { id } of [job, later]) {
    await seen(page.locator("tbody tr", { has: page.locator(`a[href="#/jobs/${id}"]`) }).locator(".state.good"));
  }
  await seen(page.locator(".live.open"));
  await leave(page);
});
