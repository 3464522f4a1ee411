import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportModel } from "../src/report/report-model.js";
import { reportPage } from "../src/report/report-page.js";
import { CHROMIUM, NO_CHROMIUM, overflowOf, startBrowser, violationsOf, watch } from "./browser.js";
import { fota } from "./cli.js";
import { startFleet } from "./fleet.js";
import { runFota } from "./in-process.js";
import { sampleInput } from "./report-samples.js";

const completedAt = new Date(Date.UTC(2026, 10, 30, 1, 40));
const RUNNING = { FAILED: 25, TIMED_OUT: 5, IN_PROGRESS: 120, SUCCEEDED: 700, QUEUED: 150 };

/** The states that a report must be clear about. */
const SAMPLES = {
  running: sampleInput({ counts: RUNNING }),
  small: sampleInput({ counts: { FAILED: 12, TIMED_OUT: 3, IN_PROGRESS: 9, SUCCEEDED: 40, QUEUED: 6 } }),
  aborted: sampleInput({
    counts: { FAILED: 30, CANCELED: 15, SUCCEEDED: 20 },
    job: { status: "CANCELED", completedAt },
    explanation: { cause: "job-aborted", unknown: ["the image: access denied"] },
  }),
  none: sampleInput({ counts: {}, job: { status: "SCHEDULED" } }),
  "long names": sampleInput({
    counts: { FAILED: 3, IN_PROGRESS: 9, SUCCEEDED: 7 },
    nameOf: (i) => `${"factory-line-7".repeat(8)}-${i}`,
    detail: "x".repeat(400),
  }),
  "10,000": sampleInput({ counts: { FAILED: 300, IN_PROGRESS: 1_200, SUCCEEDED: 7_000, QUEUED: 1_500 } }),
};
type Sample = keyof typeof SAMPLES;

const linkSpeed = { medianBytesPerSecond: 20, slowBytesPerSecond: 2 };
const BAD_FLEET = {
  groups: [
    { name: `<b>&${"long-name".repeat(10)}`, weight: 9, linkSpeed, trialFailureShare: 0.3 },
    { name: "v2", weight: 1, linkSpeed, hangShare: 0.1 },
  ],
};
/** The states of `fota rehearse --html`. */
const REHEARSALS = {
  rehearsal: ["--things", "60", "--max-bad", "50%", "--runs", "5"],
  "aborted rehearsal": [
    ...["--things", "100", "--fleet", "fleet.json", "--no-suggest"],
    ...["--rate", "10/min", "--abort-on", "failed>10% after 10"],
  ],
  "one run": ["--things", "1", "--runs", "1", "--no-suggest"],
};
type Rehearsed = keyof typeof REHEARSALS;

describe.skipIf(CHROMIUM === undefined)(`a report in a browser${CHROMIUM ? "" : ` (${NO_CHROMIUM})`}`, () => {
  let browser: Browser;
  let folder: string;
  const urls = new Map<Sample | Rehearsed | "built", string>();

  beforeAll(async () => {
    browser = await startBrowser();
    folder = await mkdtemp(join(tmpdir(), "fota-report-"));
    for (const [name, input] of Object.entries(SAMPLES)) {
      const path = join(folder, `${name}.html`);
      await writeFile(path, reportPage(reportModel(input), { csvName: "a b.csv", place: "eu-west-1" }));
      urls.set(name as Sample, pathToFileURL(path).href);
    }
    await writeFile(join(folder, "app.bin"), "an image");
    await writeFile(join(folder, "fleet.json"), JSON.stringify(BAD_FLEET));
    for (const [name, args] of Object.entries(REHEARSALS)) {
      const path = join(folder, `${name}.html`);
      const done = await runFota(["rehearse", "app.bin", ...args, "--html", path], { cwd: folder });
      expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining(path) });
      urls.set(name as Rehearsed, pathToFileURL(path).href);
    }
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens a sample, and closes it after `look`. */
  async function open<T>(
    sample: Sample | Rehearsed | "built",
    options: BrowserContextOptions & { width?: number },
    look: (page: Page, watched: ReturnType<typeof watch>) => Promise<T>,
  ): Promise<T> {
    const { width = 1_280, ...rest } = options;
    const context = await browser.newContext({ viewport: { width, height: 800 }, ...rest });
    try {
      const page = await context.newPage();
      const watched = watch(page);
      await page.goto(urls.get(sample) ?? "");
      return await look(page, watched);
    } finally {
      await context.close();
    }
  }

  const visibleThings = (page: Page) =>
    page.locator("#things-table tbody tr:has(th:not([scope])):visible th").allTextContents();

  test.each([
    ["small", 1_280, "light"],
    ["small", 390, "dark"],
    ["aborted", 1_280, "dark"],
    ["none", 390, "light"],
    ["long names", 390, "dark"],
  ] as const)("%s at %i px, %s: accessible, and no wider than the screen", async (sample, width, scheme) => {
    await open(sample, { width, colorScheme: scheme }, async (page) => {
      expect(await overflowOf(page)).toBe(0);
      expect(await violationsOf(page)).toEqual([]);
    });
  });

  test("charts have a part for each status, side by side, and a bar for each range of durations", async () => {
    await open("running", {}, async (page) => {
      const boxesOf = async (chart: string) =>
        await page
          .locator(`${chart} rect.fill`)
          .evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON() as DOMRect));
      const parts = await boxesOf("#counts-bar");
      expect(parts).toHaveLength(5);
      for (const [i, { left, width }] of parts.entries()) {
        expect(width).toBeGreaterThan(1);
        const before = parts[i - 1];
        if (before !== undefined) expect(Math.abs(left - before.right)).toBeLessThan(2);
      }
      const bars = await boxesOf("#durations");
      expect(bars.length).toBeGreaterThan(5);
      expect(new Set(bars.map(({ bottom }) => Math.round(bottom))).size).toBe(1);
    });
  });

  test.each([
    ["rehearsal", 1_280, "light"],
    ["rehearsal", 390, "dark"],
    ["aborted rehearsal", 390, "light"],
    ["one run", 1_280, "dark"],
  ] as const)("%s at %i px, %s: accessible, and no wider than the screen", async (sample, width, scheme) => {
    await open(sample, { width, colorScheme: scheme }, async (page, { requests, errors }) => {
      expect(await overflowOf(page)).toBe(0);
      expect(await violationsOf(page)).toEqual([]);
      expect({ requests, errors }).toEqual({ requests: [urls.get(sample)], errors: [] });
      for (const summary of await page.locator("details summary").all()) await summary.click();
      for (const table of await page.locator("details table").all()) {
        expect((await table.boundingBox())?.height).toBeGreaterThan(50);
      }
    });
  });

  test("it asks nobody for anything, and its policy lets nothing else run", async () => {
    await open("running", {}, async (page, { requests, errors }) => {
      expect(requests.filter((url) => !url.startsWith("data:"))).toEqual([urls.get("running")]);
      expect(errors).toEqual([]);
      const ran = await page.evaluate(() => {
        const script = document.createElement("script");
        script.textContent = "document.title = 'attacked'";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", '<img src="https://attacker.example/x.png">');
        return document.title;
      });
      expect(ran).not.toBe("attacked");
      await expect.poll(() => errors.length).toBe(2);
      expect(requests.filter((url) => url.startsWith("http"))).toEqual([]);
    });
  });

  test("the keyboard finds, filters and sorts things", async () => {
    await open("running", {}, async (page) => {
      const search = page.getByRole("searchbox", { name: "Find" });
      await search.focus();
      await page.keyboard.type("THERMOSTAT-000");
      expect(await page.locator("output").textContent()).toBe("10 of 1000 things");
      expect(await visibleThings(page)).toHaveLength(10);
      await page.keyboard.press("Control+A");
      await page.keyboard.type("download-failed");
      await page.keyboard.press("Tab");
      await page.keyboard.press("f"); // selects "failed (25)" in the list of states
      expect(await page.locator("output").textContent()).toBe("7 of 1000 things");
      await page.getByRole("button", { name: "Took, min" }).focus();
      await page.keyboard.press("Enter");
      const head = page.getByRole("columnheader", { name: "Took, min" });
      expect(await head.getAttribute("aria-sort")).toBe("ascending");
      const ascending = await visibleThings(page);
      await page.keyboard.press("Enter");
      expect(await head.getAttribute("aria-sort")).toBe("descending");
      expect(await visibleThings(page)).not.toEqual(ascending);
      const took = await page
        .locator("#things-table tbody:visible tr:visible td:nth-child(2)")
        .allTextContents();
      expect(took.map(Number)).toEqual(took.map(Number).sort((a, b) => b - a));
    });
  });

  test("without JavaScript everything can be read", async () => {
    await open("running", { javaScriptEnabled: false, width: 390 }, async (page) => {
      expect(await page.locator("form").isVisible()).toBe(false);
      expect(await page.locator("#things-table tbody tr").count()).toBe(1_006);
      const details = page.locator("#progress details");
      await details.locator("summary").click();
      expect(await details.locator("table").isVisible()).toBe(true);
    });
  });

  test("on paper it is light and has the numbers of each chart, and no controls", async () => {
    await open("running", { colorScheme: "dark" }, async (page) => {
      await page.emulateMedia({ media: "print" });
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(background).toBe("rgb(255, 255, 255)");
      expect(await page.locator("form").isVisible()).toBe(false);
      for (const table of await page.locator("details table").all()) {
        expect((await table.boundingBox())?.height).toBeGreaterThan(50);
      }
      const pdf = await page.pdf({ format: "A4" });
      expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
      expect(pdf.toString("latin1").match(/\/Type \/Page\b/g)?.length).toBeGreaterThan(10);
    });
  });

  test("the table of a job with 10,000 things filters at once", async () => {
    await open("10,000", {}, async (page) => {
      const took = await page.evaluate(() => {
        const input = document.querySelector("input") as HTMLInputElement;
        return ["thermostat-1", "sensor", "thermostat-0042"].map((text) => {
          const beganMs = performance.now();
          input.value = text;
          input.dispatchEvent(new Event("input", { bubbles: true }));
          document.body.getBoundingClientRect(); // lays out
          return performance.now() - beganMs;
        });
      });
      expect(await page.locator("output").textContent()).toBe("1 of 5000 things");
      expect(Math.min(...took)).toBeLessThan(500); // a busy machine may stop in one of them
    });
  });

  test("the link to the CSV file leads beside the report", async () => {
    await open("running", {}, async (page) => {
      const href = await page
        .getByRole("link", { name: "CSV" })
        .evaluate((link) => (link as HTMLAnchorElement).href);
      expect(href).toBe(new URL("a%20b.csv", urls.get("running")).href);
    });
  });

  test("the built program writes a page whose script runs", async () => {
    const fleet = await startFleet();
    try {
      const { jobId } = await fleet.publish({ to: ["pump-0", "pump-1"] });
      const path = join(folder, "built.html");
      const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" };
      const where = ["--endpoint-url", fleet.local.endpoint];
      expect(await fota(["report", jobId, "--out", path, ...where], keys)).toMatchObject({ code: 0 });
      urls.set("built", pathToFileURL(path).href);
      await open("built", {}, async (page, { errors }) => {
        await page.getByRole("searchbox").fill("pump-1");
        expect(await page.locator("output").textContent()).toBe("1 of 2 things");
        expect(errors).toEqual([]);
      });
    } finally {
      await fleet.stop();
    }
  });
});
