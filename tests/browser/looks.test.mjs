// Every page in light and dark, wide and narrow: what axe-core finds, whether anything overflows, and a picture to look at.
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { Console, leave, seen } from "./console.mjs";
import { SIZES, examine } from "./examine.mjs";
import { pages, start, whileOneRuns } from "./pages.mjs";
import { Server } from "./server.mjs";

const COLOURS = ["light", "dark"];

let server;
let browser;
let made;

before(async () => {
  server = await Server.start({ settings: { CALLBOARD_DRILL__LEDGER_DIR: tmpdir() } });
  browser = await Console.open();
  made = await start(server);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

// axe-core is put into the page by the test, which the page's own policy would not let in.
const look = async (path, size, colorScheme) => {
  const page = await browser.page("about:blank", { ...size, colorScheme, bypassCSP: true });
  await page.goto(server.url + path);
  return page;
};

for (const colours of COLOURS) {
  for (const size of SIZES) {
    test(`no page shuts anyone out or overflows: ${colours}, ${size.name}`, async (t) => {
      const page = await look("/", size, colours);
      await whileOneRuns(server, async (running) => {
        for (const [name, path, ready] of pages({ ...made, running })) {
          await t.test(name, async () => {
            await page.goto(server.url + path);
            await seen(page.locator(ready));
            await examine(page, name, size, colours);
          });
        }
      });
      await leave(page);
    });

    test(`no dialog and no notice does: ${colours}, ${size.name}`, async () => {
      await whileOneRuns(server, async (running) => {
        const page = await look(`/#/jobs/${running}`, size, colours);
        await page.getByRole("button", { name: "Cancel job" }).click();
        await seen(page.getByRole("dialog"));
        await examine(page, "dialog", size, colours);
        await page.keyboard.press("Escape");
        await page.route("**/v1/jobs/*/pause", (route) => route.abort());
        await page.getByRole("button", { name: "Pause", exact: true }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
        await seen(page.locator(".notice.bad"));
        await examine(page, "notice", size, colours);
        await leave(page);
      });
    });
  }
}

test("no stranger is shut out by the form of the login", async () => {
  const page = await browser.page("about:blank", { ...SIZES[1], bypassCSP: true });
  await page.route("**/v1/me", (route) => route.fulfill({ status: 401, contentType: "application/problem+json", body: '{"code":"unauthenticated"}' }));
  await page.goto(server.url);
  await seen(page.getByRole("button", { name: "Log in" }));
  await examine(page, "login", SIZES[1], "light");
  await leave(page);
});

test("the colours that are chosen stay chosen", async () => {
  const page = await look("/#/jobs", SIZES[0], "light");
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await seen(page.locator("#theme"));
  const light = await ground();
  await page.locator("#theme").selectOption("dark");
  const dark = await ground();
  assert.notEqual(dark, light);
  await page.reload();
  await seen(page.locator("#theme"));
  assert.equal(await ground(), dark);
  await leave(page);
});

test("everything that a page is made of comes from the server itself", async () => {
  const page = await browser.page("about:blank");
  const foreign = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url) && /^https?:/.test(request.url())) foreign.push(request.url());
  });
  await page.goto(`${server.url}/#/jobs/${made.market}?tab=result`);
  await seen(page.locator(".chart canvas"));
  await page.goto(`${server.url}/docs`);
  await seen(page.locator(".operation"));
  assert.deepEqual(foreign, []);
  await leave(page);
});
