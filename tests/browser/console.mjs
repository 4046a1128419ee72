// The console in a browser. A page that reports an error of its own, or a breach of its content security policy, fails its test.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.BROWSER_TOOLS, "here.js"));
const { chromium } = require("playwright-core");
export const AXE = require.resolve("axe-core/axe.min.js");

/** Longest wait for anything on a page, in milliseconds: the machine may be busy. */
const WAIT_MS_MAX = 30_000;
/** What a browser says of each request that is refused; whether one may be is for the test to say. */
const REFUSED = /^Failed to load resource/;
const LOST = /^WebSocket connection to/;

export class Console {
  static async open() {
    const opened = new Console();
    opened.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM,
      args: process.getuid() === 0 ? ["--no-sandbox"] : [],
    });
    return opened;
  }

  /** A page in a context of its own. */
  async page(url, { width = 1280, height = 900, colorScheme = "light", bypassCSP = false } = {}) {
    const context = await this.browser.newContext({ viewport: { width, height }, colorScheme, bypassCSP, reducedMotion: "reduce" });
    context.setDefaultTimeout(WAIT_MS_MAX);
    const page = await context.newPage();
    page.errors = [];
    page.on("pageerror", (error) => page.errors.push(String(error)));
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && !REFUSED.test(text) && !LOST.test(text)) page.errors.push(text);
    });
    await page.goto(url);
    return page;
  }

  async close() {
    await this.browser.close();
  }
}

/** Closes a page, which must have reported no error. */
export async function leave(page) {
  const { errors } = page;
  await page.context().close();
  assert.deepEqual(errors, []);
}

/** Waits until something that `locator` finds can be seen. */
export const seen = (locator) => locator.first().waitFor({ state: "visible" });

/** A state, as the head of a job's page has it. */
export const stateOfJob = (page, state) => page.locator(".facts .state", { hasText: new RegExp(`^${state}$`) });
