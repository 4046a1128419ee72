// Pages for operators: crews are watched and stepped in at, approvals decided, keys made and revoked, and what was done is found.
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Console, leave, seen } from "./console.mjs";
import { Server } from "./server.mjs";

const RUNNER = "drill.runner";
/** How often something that must come to be is looked for, in milliseconds. */
const LOOK_MS = 50;
const LOOKS_MAX = 600;

let server;
let browser;

before(async () => {
  const settings = { CALLBOARD_DRILL__LEDGER_DIR: tmpdir() };
  [server, browser] = await Promise.all([Server.start({ settings }), Console.open()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (hash) => browser.page(`${server.url}/${hash}`);
const row = (page, text) => page.locator("tbody tr", { hasText: text });

/** What `look` answers once it is something. */
async function eventually(look) {
  for (let turn = 0; turn < LOOKS_MAX; turn += 1) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`never came to be: ${look}`);
}

/** Presses a button of the opened crew, says why, and confirms. */
async function stepIn(page, label, reason) {
  await page.getByRole("group", { name: `Step in at ${RUNNER}` }).getByRole("button", { name: label, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill(reason);
  await dialog.getByRole("button", { name: label, exact: true }).click();
  await seen(dialog.getByText("Press again to confirm."));
  await dialog.getByRole("button", { name: `Yes, ${label.toLowerCase()}` }).click();
  await dialog.waitFor({ state: "detached" });
}

test("a crew is paused and resumed, asked twice, and its events come live", async () => {
  const page = await open("#/supervision");
  await page.getByRole("button", { name: RUNNER }).click();
  await seen(page.getByRole("table", { name: `Workers of ${RUNNER}` }));
  const pause = page.getByRole("group", { name: `Step in at ${RUNNER}` }).getByRole("button", { name: "Pause" });
  await pause.click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Go back" }).click();
  assert.equal((await server.ask("GET", "/v1/audit?filter=action starts 'crew.'")).items.length, 0);

  await stepIn(page, "Pause", "the provider is down");
  await seen(row(page, RUNNER).locator(".state", { hasText: "paused" }));
  const event = page.locator(".events tbody tr", { hasText: "the provider is down" });
  await seen(event);
  assert.match(await event.first().innerText(), /anonymous: the provider is down/);
  const job = await server.submit("drill.fanout", { tasks: 3 });
  await eventually(async () => (await row(page, RUNNER).first().locator('td[data-name="Waiting"]').innerText()).trim() === "3");

  await stepIn(page, "Resume", "it is back");
  await seen(row(page, RUNNER).first().locator(".state", { hasText: "running" }));
  await eventually(async () => (await server.ask("GET", `/v1/jobs/${job.id}`)).state === "succeeded");
  const kept = await server.ask("GET", "/v1/audit?filter=action starts 'crew.'");
  assert.deepEqual(kept.items.map((item) => [item.action, item.details.reason]), [
    ["crew.resumed", "it is back"],
    ["crew.paused", "the provider is down"],
  ]);
  await leave(page);
});

test("a worker that is killed comes back with the next generation before one's eyes", async () => {
  const page = await open(`#/supervision/${RUNNER}?kind=trouble`);
  const workers = page.getByRole("table", { name: `Workers of ${RUNNER}` });
  await seen(workers);
  const generation = workers.locator('td[data-name="Generation"]').first();
  const before = Number(await generation.innerText());
  await server.failpoint("shell::perform::drill.runner", "1*panic");
  await server.submit("drill.fanout", { tasks: 1 }, { wait: 20 });
  await seen(page.locator(".events tbody tr", { hasText: "restarting" }));
  await seen(page.locator(".events tbody tr", { hasText: "panicked" }));
  const all = () => workers.locator('td[data-name="Generation"]').allInnerTexts();
  await eventually(async () => (await all()).some((text) => Number(text) > before));
  await leave(page);
});

test("a restart of workers is told of and counts as no trouble", async () => {
  const page = await open(`#/supervision/${RUNNER}?kind=operators`);
  await stepIn(page, "Restart workers", "new certificates");
  await seen(page.getByText(`${RUNNER} has new workers`));
  await seen(page.locator(".events tbody tr", { hasText: "new certificates" }));
  await page.getByRole("group", { name: "Which events" }).getByRole("button", { name: "Trouble" }).click();
  assert.equal(await page.locator(".events tbody tr", { hasText: "new certificates" }).count(), 0);
  await leave(page);
});

test("approvals are decided with a remark and leave the list", async () => {
  const page = await open("#/approvals");
  await seen(page.getByText("Nothing waits for a decision."));
  const job = await server.submit("drill.approval", { why: "Send 40 letters?" });
  await page.getByRole("button", { name: "Approve: Send 40 letters?" }).click();
  const dialog = page.getByRole("dialog", { name: "Approve?" });
  await seen(dialog.getByText("Send 40 letters?"));
  await dialog.getByLabel("Remark").fill("within budget");
  await dialog.getByRole("button", { name: "Approve" }).click();
  await seen(page.getByText("Nothing waits for a decision."));
  await page.getByRole("button", { name: "Decided" }).click();
  assert.match(await row(page, "Send 40 letters?").first().innerText(), /anonymous: within budget/);
  await eventually(async () => (await server.ask("GET", `/v1/jobs/${job.id}`)).state === "succeeded");
  await leave(page);
});

test("an effect whose outcome is unknown is found and resolved", async () => {
  await server.failpoint("shell::perform::drill.once", "1*panic");
  const job = await server.submit("drill.effects", { ledger: join(server.directory, "ledger"), tasks: 1, once: 1 });
  const page = await open("#/effects");
  const press = page.getByRole("button", { name: "It took place: once:1" });
  await press.click();
  const dialog = page.getByRole("dialog", { name: "The effect took place?" });
  await dialog.getByLabel("Product of the task, as JSON").fill('{"number": 1, "payload": ""}');
  await dialog.getByLabel("Reason").fill("the line is there");
  await dialog.getByRole("button", { name: "It took place" }).click();
  await dialog.getByRole("button", { name: "Yes, it took place" }).click();
  await seen(page.getByText("No outcome is unknown."));
  await page.getByRole("button", { name: "Resolved" }).click();
  assert.match(await row(page, "once:1").first().innerText(), /anonymous: the line is there/);
  await eventually(async () => (await server.ask("GET", `/v1/jobs/${job.id}`)).state === "succeeded");
  await leave(page);
});

test("audit records are searched by the filter language and opened", async () => {
  await server.submit("drill.fanout", { tasks: 1 }, { wait: 20 });
  const page = await open("#/audit");
  const filter = page.getByRole("searchbox", { name: "Filter" });
  await filter.fill("action == 'x'");
  await filter.press("Enter");
  await seen(page.locator(".filter-error mark"));
  await filter.fill("action = 'job.submitted'");
  await filter.press("Enter");
  await page.getByRole("button", { name: "job.submitted" }).first().click();
  const record = page.getByRole("dialog", { name: "job.submitted" });
  await seen(record.getByText("input_sha256"));
  await record.getByRole("button", { name: "Close" }).click();
  await seen(page.getByRole("heading", { name: "Latest checkpoints" }));
  await leave(page);
});

test("usage counts jobs by kind and state", async () => {
  await server.submit("drill.fanout", { tasks: 1 }, { wait: 20 });
  const page = await open("#/usage");
  const kind = row(page, "drill.fanout");
  const counted = async () => Number(await kind.locator('td[data-name="Succeeded"]').innerText());
  await seen(kind);
  const before = await counted();
  await server.submit("drill.fanout", { tasks: 1 }, { wait: 20 });
  await eventually(async () => (await counted()) === before + 1);
  await leave(page);
});

test("health shows every component and looks more closely when it is asked to", async () => {
  const page = await open("#/health");
  await seen(row(page, "journal"));
  await page.getByLabel("Look closely").check();
  await seen(page.getByText("A close look begins a write"));
  await server.ask("POST", `/v1/supervision/roles/${RUNNER}/pause`, {});
  const crew = row(page, `crew ${RUNNER}`);
  await seen(crew.locator(".state", { hasText: "degraded" }));
  assert.match(await page.locator(".components tbody tr").first().innerText(), /drill\.runner/, "the worst comes first");
  await server.ask("POST", `/v1/supervision/roles/${RUNNER}/resume`, {});
  await leave(page);
});

test("a key is made, shown once, rotated and revoked", async () => {
  const page = await browser.page("about:blank");
  // As over plain HTTP from another machine.
  await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await page.goto(`${server.url}/#/keys`);
  await page.getByLabel("Name").first().fill("nightly import");
  await page.getByRole("button", { name: "Make the key" }).click();
  const secret = page.getByRole("dialog", { name: "Secret of nightly import" });
  await seen(secret);
  const first = await secret.locator(".secret").innerText();
  assert.match(first, /^cb_/);
  await secret.getByRole("button", { name: "Copy the secret" }).click();
  await seen(secret.getByText("The text is selected"));
  const selected = await page.evaluate(() => {
    const { value, selectionStart, selectionEnd } = document.activeElement;
    return value.slice(selectionStart, selectionEnd);
  });
  assert.equal(selected, first);
  await secret.getByRole("button", { name: "Close" }).click();
  assert.equal(await page.getByText(first).count(), 0);

  await page.getByRole("button", { name: "New secret for nightly import" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Make a secret" }).click();
  await seen(secret);
  assert.notEqual(await secret.locator(".secret").innerText(), first);
  await secret.getByRole("button", { name: "Close" }).click();

  await page.getByRole("button", { name: "Revoke nightly import" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Yes, revoke" }).click();
  await seen(row(page, "nightly import").locator(".state", { hasText: "revoked" }));
  await leave(page);
});

test("a role is defined, changed and removed", async () => {
  const page = await open("#/keys");
  await page.getByLabel("Name").last().fill("auditor");
  await page.getByLabel("audit:read").check();
  await page.getByRole("button", { name: "Define the role" }).click();
  await page.getByRole("button", { name: "Change auditor" }).click();
  await page.getByLabel("jobs:read").check();
  await page.getByRole("button", { name: "Change the role" }).click();
  await seen(row(page, "auditor").locator(".badge", { hasText: "jobs:read" }));
  await page.getByRole("button", { name: "Remove auditor" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await row(page, "auditor").waitFor({ state: "detached" });
  await leave(page);
});
