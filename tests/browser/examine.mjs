// What axe-core finds on a page, whether it overflows, and a picture of it to look at.
import assert from "node:assert/strict";
import { join } from "node:path";
import { AXE } from "./console.mjs";

export const SIZES = [
  { name: "wide", width: 1600, height: 1000 },
  { name: "narrow", width: 380, height: 820 },
];
/** What a person with a disability is shut out by, or hindered much. */
const GRAVE = ["critical", "serious"];

/** What axe-core finds, as one line each. */
async function violations(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.addScriptTag({ path: AXE });
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(({ id, impact, nodes }) => ({ impact, line: `${impact} ${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}` }));
}

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** The page was opened with `bypassCSP`: axe-core is put into it, which its own policy would not let in. */
export async function examine(page, name, size, colours) {
  assert.ok((await overflow(page)) <= 0, `${name} is wider than ${size.width} px`);
  await page.screenshot({ path: join(process.env.BROWSER_PICTURES, `${name}-${colours}-${size.name}.png`), fullPage: true });
  const found = await violations(page);
  const grave = found.filter(({ impact }) => GRAVE.includes(impact)).map(({ line }) => line);
  assert.deepEqual(grave, [], `${name}, ${colours}, ${size.name}`);
}
