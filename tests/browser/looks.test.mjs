// Every page in light and dark, wide and narrow: what axe-core finds, whether anything overflows, and a picture to look at.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AXE, Console, leave, seen } from "./console.mjs";
import { pages, start, whileOneRuns } from "./pages.mjs";
import { Server } from "./server.mjs";

const SIZES = [
  { name: "wide", width: 1600, height: 1000 },
  { name: "narrow", width: 380, height: 820 },
];
const COLOURS = ["light", "dark"];
/** What a person with a disability is shut out by, or hindered much. */
const GRAVE = ["critical", "serious"];

let server;
let browser;
let made;

before(async () => {
  server = await Server.start();
  browser = await Console.open();
  made = await start(server);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** What axe-core finds, as one line each. */
async function violations(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.addScriptTag({ path: AXE });
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(({ id, impact, nodes }) => ({ impact, line: `${impact} ${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}` }));
}

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function examine(page, name, size, colours) {
  assert.ok((await overflow(page)) <= 0, `${name} is wider than ${size.width} px`);
  await page.screenshot({ path: join(process.env.BROWSER_PICTURES, `${name}-${colours}-${size.name}.png`), fullPage: true });
  const found = await violations(page);
  const grave = found.filter(({ impact }) => GRAVE.includes(impact)).map(({ line }) => line);
  assert.deepEqual(grave, [], `${name}, ${colours}, ${size.name}`);
}

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
