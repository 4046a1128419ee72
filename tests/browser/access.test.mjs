// Who uses the console: logins, keys, and what each may do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Console, leave, seen } from "./console.mjs";
import { Server } from "./server.mjs";

const PASSWORD = "correct horse battery";

let server;
let browser;

before(async () => {
  // A login that has to be renewed soon, so that a test sees it happen.
  server = await Server.start({ asks: true, settings: { CALLBOARD_AUTH__ACCESS_TOKEN_TTL: "3s" } });
  browser = await Console.open();
  for (const [name, role] of [["kim", "admin"], ["vera", "viewer"]]) {
    await server.ask("POST", "/v1/users", { name, password: PASSWORD, role });
  }
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function logIn(page, name, password = PASSWORD) {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

test("a stranger logs in with a password, submits a job and logs out", async () => {
  const page = await browser.page(`${server.url}/`);
  await logIn(page, "kim", "not the password at all");
  await seen(page.getByRole("alert"));
  await logIn(page, "kim");
  await seen(page.locator(".live.open"));
  await seen(page.getByText("user:kim"));
  await page.getByRole("link", { name: "New job" }).click();
  await page.getByLabel("Kind of job").selectOption("drill.fanout");
  await page.getByRole("button", { name: "Submit job" }).click();
  await seen(page.locator('.node[data-state="succeeded"]'));
  // The cookie of a login that has run out is gone: logging out renews it first, or refresh tokens would stay good.
  await page.context().clearCookies({ name: "callboard_session" });
  await page.getByRole("button", { name: "Log out" }).click();
  await seen(page.getByRole("button", { name: "Log in" }));
  await page.reload();
  await seen(page.getByRole("button", { name: "Log in" }));
  await leave(page);
});

test("a login is renewed before the reader notices that it has run out", { timeout: 60_000 }, async () => {
  const page = await browser.page(`${server.url}/`);
  let isRenewed = false;
  page.on("response", (answer) => {
    isRenewed ||= answer.url().endsWith("/v1/sessions/refresh") && answer.ok();
  });
  await logIn(page, "kim");
  await seen(page.locator(".live.open"));
  // Each end of a job has the list asked for again, until the server no longer takes the login.
  while (!isRenewed) await server.submit("drill.fanout", { tasks: 1, wait_ms: 500 }, { wait: 30 });
  const job = await server.submit("drill.fanout", { tasks: 1 }, { wait: 30 });
  await seen(page.locator(`a[href="#/jobs/${job.id}"]`));
  assert.equal(await page.getByRole("button", { name: "Log in" }).count(), 0);
  await leave(page);
});

test("a key is kept in memory alone and follows jobs as well", async () => {
  const page = await browser.page(`${server.url}/`);
  await page.getByRole("button", { name: "API key" }).click();
  await page.getByLabel("API key", { exact: true }).fill(server.key);
  await page.getByRole("button", { name: "Log in" }).click();
  await seen(page.locator(".live.open"));
  const job = await server.submit("drill.fanout", { tasks: 1 }, { wait: 30 });
  await seen(page.locator(`a[href="#/jobs/${job.id}"]`));
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));
  assert.ok(!kept.includes(server.key));
  await page.reload();
  await seen(page.getByRole("button", { name: "Log in" }));
  await leave(page);
});

test("a viewer is offered nothing that a viewer may not do", async () => {
  const job = await server.submit("drill.signal", { name: "go" });
  const page = await browser.page(`${server.url}/`);
  await logIn(page, "vera");
  await seen(page.locator("tbody tr"));
  assert.equal(await page.getByRole("link", { name: "New job" }).count(), 0);
  await page.goto(`${server.url}/#/jobs/${job.id}`);
  await seen(page.locator(".node"));
  assert.equal(await page.getByRole("button", { name: "Cancel job" }).count(), 0);
  assert.equal(await page.getByRole("link", { name: "Result", exact: true }).count(), 0);
  await page.getByRole("link", { name: "Events" }).click();
  await seen(page.locator(".events li", { hasText: "job.planned" }));
  await leave(page);
});
