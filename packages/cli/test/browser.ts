import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Path of the Chromium of this machine; `undefined` if there is none (Debian: `apt install chromium`). */
export const CHROMIUM = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => existsSync(path));

export const NO_CHROMIUM = "chromium is not installed";

export async function startBrowser(args: string[] = []): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error(NO_CHROMIUM);
  return await chromium.launch({ executablePath: CHROMIUM, args });
}

/** What a page did that it must not do. */
export interface Watched {
  /** URLs of the requests that were answered, with the first one, for the page. */
  requests: string[];
  /** Messages of errors and of violations of the Content Security Policy. */
  errors: string[];
}

/** Collects the requests and errors of a page from now on. */
export function watch(page: Page): Watched {
  const watched: Watched = { requests: [], errors: [] };
  page.on("requestfinished", (request) => watched.requests.push(request.url()));
  page.on("pageerror", (error) => watched.errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") watched.errors.push(message.text());
  });
  return watched;
}

/** Runs axe-core on the page; returns each violation with the elements that have it. */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: axe.Result[] }>("axe.run()");
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" | ")}`,
  );
}

/** Returns by how many pixels the page is wider than the window. */
export async function overflowOf(page: Page): Promise<number> {
  return await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}

/**
 * Returns a function that gives the milliseconds of processor time that the page's scripts, styles and layouts have taken
 * so far. Unlike the time on the clock, it does not grow while the machine does something else.
 */
export async function cpuMeter(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    const parts = ["ScriptDuration", "RecalcStyleDuration", "LayoutDuration"];
    return metrics.reduce((sum, { name, value }) => sum + (parts.includes(name) ? value * 1000 : 0), 0);
  };
}
