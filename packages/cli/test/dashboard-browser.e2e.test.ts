import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  CHROMIUM,
  cpuMeter,
  NO_CHROMIUM,
  overflowOf,
  startBrowser,
  violationsOf,
  type Watched,
  watch,
} from "./browser.js";
import { type Dashboard, startDashboard } from "./dashboard.js";
import { type Fleet, startFleet } from "./fleet.js";

const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(2)>`;
const MANY = Array.from({ length: 10_000 }, (_, i) => `meter-${i}`);
const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

describe.skipIf(CHROMIUM === undefined)(
  `a dashboard in a browser${CHROMIUM ? "" : ` (${NO_CHROMIUM})`}`,
  () => {
    let browser: Browser;
    let fleet: Fleet;
    let dashboard: Dashboard;
    let small: string;
    let large: string;
    let pages: Page[] = [];

    beforeAll(async () => {
      [browser, fleet] = await Promise.all([
        startBrowser(),
        startFleet({ things: MANY, groups: { all: MANY } }),
      ]);
      const few = ["pump-0", "pump-1", "pump-2", "pump-3"];
      const abortOn = ["failed>60% after 3"];
      ({ jobId: small } = await fleet.publish({ to: few, fwVersion: "1.4.0", model: "pump", abortOn }));
      await fleet.report("pump-0", small, "SUCCEEDED", { running: "1.4.0" });
      await fleet.report("pump-1", small, "FAILED", { reason: "digest-mismatch", detail: HOSTILE });
      ({ jobId: large } = await fleet.publish({ to: ["group:all"], fwVersion: "2.0.0", model: "meter" }));
      dashboard = await startDashboard(fleet);
    });
    afterAll(async () => {
      await Promise.all([browser?.close(), dashboard?.stop()]);
      await fleet?.stop();
    });
    afterEach(async () => {
      await Promise.all(pages.map((page) => page.context().close()));
      pages = [];
    });

    /** Opens a page of the dashboard in a browser of its own, with the token. */
    async function open(
      path: string,
      options: BrowserContextOptions = {},
    ): Promise<{ page: Page; watched: Watched }> {
      const page = await (await browser.newContext(options)).newPage();
      pages.push(page);
      const watched = watch(page);
      await page.goto(`${dashboard.origin}${path}${path.includes("?") ? "&" : "?"}token=${dashboard.token}`);
      return { page, watched };
    }

    const live = (page: Page) => page.locator("#live", { hasText: /^live$/ }).waitFor();
    const loaded = (page: Page) =>
      page.waitForFunction(() => !document.body.textContent.includes("Reading from AWS"));

    test("the token is in no address, no history and no script's reach", async () => {
      const { page } = await open("/");
      await live(page);
      expect(page.url()).toBe(`${dashboard.origin}/`);
      expect(await page.evaluate(() => [document.cookie, document.referrer])).toEqual(["", ""]);
      expect(await page.content()).not.toContain(dashboard.token);
      await page.goBack();
      expect(page.url()).not.toContain("token");
    });

    test.each([
      ["light", "wide"],
      ["dark", "phone"],
    ] as const)(
      "pages in %s on a %s screen: accessible, within the screen, without a violation of their policy",
      async (colorScheme, size) => {
        const { page, watched } = await open("/", { colorScheme, viewport: SIZES[size] });
        for (const path of ["/", `/jobs/${small}`, "/things/pump-1"]) {
          await page.goto(`${dashboard.origin}${path}`);
          await live(page);
          await loaded(page);
          expect(await violationsOf(page)).toEqual([]);
          expect(await overflowOf(page)).toBeLessThanOrEqual(0);
        }
        expect(watched.errors).toEqual([]);
        expect(
          watched.requests.filter((url) => !url.startsWith(dashboard.origin) && !url.startsWith("data:")),
        ).toEqual([]);
      },
    );

    test("what a device reports is text, whatever it is", async () => {
      const { page, watched } = await open(`/jobs/${small}`);
      page.on("dialog", () => watched.errors.push("a dialog"));
      await loaded(page);
      await page.locator("#things", { hasText: HOSTILE }).waitFor();
      expect(await page.locator("main img, main script").count()).toBe(0);
      expect(watched.errors).toEqual([]);
    });

    test("a page follows its job and keeps focus, selection, scroll position and opened details", async () => {
      const { page } = await open(`/jobs/${small}`, {
        viewport: { width: 1280, height: 400 },
        reducedMotion: "reduce",
      });
      await live(page);
      await loaded(page);
      await page.locator("#progress summary").click();
      await page.locator("#things thead a", { hasText: "Updated" }).focus();
      await page.locator("#facts dd").first().selectText();
      /** Where the table stands in the window, and what is selected. */
      const seen = () =>
        page.evaluate(() => ({
          top: Math.round(document.getElementById("things")?.getBoundingClientRect().top ?? 0),
          selection: String(getSelection()),
        }));
      const before = await seen();
      expect(before).toEqual({ top: expect.any(Number), selection: expect.stringContaining("pump") });
      expect(await page.evaluate(() => scrollY)).toBeGreaterThan(0);
      const row = page.locator("#things tr", { hasText: "pump-2" });
      await fleet.report("pump-2", small, "IN_PROGRESS", { phase: "downloading", percent: "42" });
      await row.filter({ hasText: "downloading 42 %" }).waitFor();
      await fleet.report("pump-2", small, "SUCCEEDED", { running: "1.4.0" });
      await row.filter({ hasText: "SUCCEEDED" }).waitFor();
      await page.locator("#counts", { hasText: "50 %" }).waitFor();
      expect(await seen()).toEqual(before);
      expect(await page.locator("#progress details").getAttribute("open")).toBe("");
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Updated");
      expect(await page.title()).toMatch(/^1 failed, 2 of 4 done - /);
    });

    test("typing filters 10,000 things on the server; order and pages work with the keyboard, and Back goes back", async () => {
      const { page } = await open(`/jobs/${large}`);
      await live(page);
      await page.locator("#things output", { hasText: "10,000 executions" }).waitFor();
      await page.locator("#things input[type=search]").pressSequentially("meter-99");
      await page.locator("#things output", { hasText: "111 executions" }).waitFor();
      expect(page.url()).toContain("?q=meter-99");
      expect(await page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("q");
      await page.locator("#things thead a", { hasText: "Thing" }).focus();
      await page.keyboard.press("Enter");
      await page.locator("#things th[aria-sort=ascending]", { hasText: "Thing" }).waitFor();
      await page.locator(".pager a", { hasText: "next" }).click();
      await page.locator(".pager", { hasText: "page 2 of 3" }).waitFor();
      await page.goBack();
      await page.locator(".pager", { hasText: "page 1 of 3" }).waitFor();
      await page.reload();
      await page.locator("#things output", { hasText: "111 executions" }).waitFor();
    });

    test("10,000 things move without a stutter", async () => {
      const { page } = await open(`/jobs/${large}`);
      await live(page);
      await loaded(page);
      const cpuMs = await cpuMeter(page);
      const taken: number[] = [];
      for (let round = 1; round <= 5; round += 1) {
        const some = MANY.slice((round - 1) * 20, round * 20);
        const before = await cpuMs();
        await Promise.all(some.map((thing) => fleet.report(thing, large, "SUCCEEDED", { running: "2.0.0" })));
        await page
          .locator("#counts tr", { hasText: "succeeded" })
          .filter({ hasText: String(round * 20) })
          .waitFor();
        taken.push((await cpuMs()) - before);
      }
      const elements = await page.evaluate(() => document.querySelectorAll("*").length);
      expect(elements).toBeLessThan(2_500);
      expect(Math.min(...taken)).toBeGreaterThan(0);
      expect(Math.max(...taken)).toBeLessThan(200); // each takes 5 to 25 ms
    });

    test("without JavaScript, the table is filtered by its form", async () => {
      const { page } = await open(`/jobs/${large}`, { javaScriptEnabled: false });
      await page.waitForLoadState();
      expect(await page.locator("#live").textContent()).toMatch(/^as of \d\d:\d\d:\d\d UTC$/);
      await page.fill("#things input[type=search]", "meter-777");
      await page.click("#things button");
      expect(await page.locator("#things output").textContent()).toBe("11 executions");
      await page.fill("input[name=name]", "pump-1");
      await page.click("header button");
      expect(page.url()).toBe(`${dashboard.origin}/things/pump-1`);
    });

    describe("a web page of another origin", () => {
      let server: Server;
      let origin: string;
      beforeAll(async () => {
        server = createServer((_request, response) => {
          response.setHeader("content-type", "text/html").end("<!doctype html><title>other</title>");
        });
        await once(server.listen(0, "127.0.0.1"), "listening");
        origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      });
      afterAll(async () => {
        server.closeAllConnections();
        await once(server.close(), "close");
      });

      test("cannot read it, embed it, follow its events or reach into its window", async () => {
        const { page } = await open("/"); // so that the browser has the cookie
        await page.goto(origin);
        const reached = await page.evaluate(async (target) => {
          const settled = (task: Promise<unknown>) => task.then(String, () => "refused");
          const loads = (element: HTMLElement & { src: string }) =>
            new Promise<string>((resolve) => {
              element.onload = () => resolve("loaded");
              element.onerror = () => resolve("refused");
              element.src = target;
              document.body.append(element);
            });
          const events = new EventSource(`${target}events?page=/`, { withCredentials: true });
          const followed = new Promise<string>((resolve) => {
            events.onopen = () => resolve("open");
            events.onerror = () => resolve("refused");
          });
          const frame = document.createElement("iframe");
          await loads(frame);
          return {
            fetched: await settled(fetch(target, { credentials: "include" }).then((answer) => answer.text())),
            image: await loads(document.createElement("img")),
            script: await loads(document.createElement("script")),
            events: await followed,
            frame: await settled(
              Promise.resolve().then(() => frame.contentWindow?.document.body.textContent ?? ""),
            ),
          };
        }, `${dashboard.origin}/`);
        expect(reached).toMatchObject({
          fetched: "refused",
          image: "refused",
          script: "refused",
          events: "refused",
        });
        expect(reached.frame).not.toContain("fota");
        const [opened] = await Promise.all([
          page.context().waitForEvent("page"),
          page.evaluate((target) => {
            Object.assign(window, { opened: window.open(target) });
          }, `${dashboard.origin}/`),
        ]);
        await opened.waitForLoadState();
        const seen = await page.evaluate(() => (window as unknown as { opened: Window }).opened.closed);
        expect(seen).toBe(true); // Cross-Origin-Opener-Policy cuts the handle
      });
    });

    test("a name that resolves to this machine (DNS rebinding) reaches nothing, even with the token", async () => {
      const rebound = await startBrowser(["--host-resolver-rules=MAP evil.example 127.0.0.1"]);
      try {
        const page = await rebound.newPage();
        const answer = await page.goto(`http://evil.example:${dashboard.port}/?token=${dashboard.token}`);
        expect(answer?.status()).toBe(421);
        expect(await page.content()).not.toContain(small);
      } finally {
        await rebound.close();
      }
    });

    test("when the dashboard ends, its pages say so and keep their numbers", async () => {
      const other = await startDashboard(fleet);
      const page = await (await browser.newContext()).newPage();
      pages.push(page);
      await page.goto(other.url);
      await live(page);
      await page.locator("#running", { hasText: large }).waitFor();
      await other.stop();
      await page
        .locator("#live", { hasText: "the dashboard has stopped: run `fota dashboard` again" })
        .waitFor();
      expect(await page.locator("#running").textContent()).toContain(large);
    });

    test("an outage of AWS is shown with its age, and ends by itself", async () => {
      const { page } = await open("/");
      await live(page);
      await loaded(page);
      fleet.refuse("GET", "/jobs");
      await page.locator("#faults", { hasText: /ACCESS_DENIED.*jobs: as of \d\d:\d\d:\d\d UTC/ }).waitFor();
      await page.locator("#running", { hasText: large }).waitFor();
      await page.locator("#live", { hasText: /^not up to date$/ }).waitFor();
      const widthOf = async (selector: string) => (await page.locator(selector).boundingBox())?.width;
      expect(await widthOf("#faults")).toBe(await widthOf("#running"));
      fleet.local.faults.clear();
      await page.locator("#faults").waitFor({ state: "detached" });
      await live(page);
    });
  },
);
