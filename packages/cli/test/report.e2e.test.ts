import { execFileSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateJobCommand } from "@aws-sdk/client-iot";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { updateShadow } from "../../local/test/support/shadow-http.js";
import { writtenReportSchema } from "../src/report/result.js";
import { type Fleet, startFleet } from "./fleet.js";

let fleet: Fleet;
let jobId = "";

beforeAll(async () => {
  fleet = await startFleet();
});
beforeEach(async () => {
  if (jobId === "") jobId = await publishToTen();
});
afterAll(() => fleet.stop());
afterEach(() => fleet.local.faults.clear());

/** Publishes to ten things, of which one fails and one is in progress. */
async function publishToTen(): Promise<string> {
  const to = Array.from({ length: 10 }, (_, i) => `pump-${i}`);
  const published = await fleet.publish({ to, fwVersion: "1.4.0", abortOn: ["failed>50% after 8"] });
  for (const thing of to.slice(0, 5)) await fleet.report(thing, published.jobId, "SUCCEEDED");
  const details = { reason: "self-test-failed", detail: "=<b>sensor</b> 3" };
  await fleet.report("pump-5", published.jobId, "FAILED", details);
  await fleet.report("pump-6", published.jobId, "IN_PROGRESS", { phase: "downloading" });
  return published.jobId;
}

const pathOf = (name: string) => join(fleet.folder, name);
const read = (name: string) => readFile(pathOf(name), "utf8");

test("a report is written as one file, and the result says what it holds", async () => {
  const { code, stdout, stderr } = await fleet.fota(["report", jobId, "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const result = v.parse(writtenReportSchema, JSON.parse(stdout));
  const page = await read(`${jobId}.html`);
  expect(result).toMatchObject({
    jobId,
    status: "IN_PROGRESS",
    verdict: "Needs attention",
    path: `${jobId}.html`,
    bytes: Buffer.byteLength(page),
    csvPath: null,
    things: 10,
    embedded: 10,
    detailsLeftOut: 0,
    unknown: [],
  });
  for (const text of [
    "pump-9",
    "self-test-failed",
    "downloading",
    "=&lt;b>sensor",
    "1.4.0",
    "fota publish",
  ]) {
    expect(page).toContain(text);
  }
});

test("people read where it is, its size, and how the job stands", async () => {
  const { stdout } = await fleet.fota(["report", "1.4.0", "--out", "report.html", "--csv"]);
  expect(stdout).toMatch(/^✔ report\.html {2}\d+\.?\d* KiB\n✔ report\.csv\n/);
  expect(stdout).toContain(`${jobId}: Needs attention, 1 of 10 failed, 5 done, 1 in progress, 3 queued\n`);
  expect(await read("report.html")).toContain('href="./report.csv"');
  const csv = (await read("report.csv")).trim().split("\n");
  expect(csv[0]).toBe("thing,status,try,queued,started,updated,phase,percent,reason,detail");
  expect(csv).toHaveLength(11);
  expect(csv.find((line) => line.startsWith("pump-5"))).toMatch(/self-test-failed,'=<b>sensor<\/b> 3$/);
});

test("without a job it is about the newest, and replaces an earlier report", async () => {
  await fleet.fota(["report", "--out", "again.html"]);
  const { code } = await fleet.fota(["report", "--out", "again.html"]);
  expect(code).toBe(0);
  expect(await read("again.html")).toContain(jobId);
  expect((await readdir(fleet.folder)).filter((name) => name.startsWith("again"))).toEqual(["again.html"]);
});

test("it replaces no other file, and then reads nothing", async () => {
  await writeFile(pathOf("notes.html"), "<p>mine</p>");
  await writeFile(pathOf("list.csv"), "a,b\n");
  for (const [out, name] of [
    ["notes.html", "notes.html"],
    ["list.html", "list.csv"],
  ] as const) {
    const { code, stderr } = await fleet.fota(["report", jobId, "--out", out, "--csv"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`error: ${name} exists and is no report; it was not replaced (FILE_ACCESS)`);
  }
  expect(await read("notes.html")).toBe("<p>mine</p>");
  expect(await read("list.csv")).toBe("a,b\n");
  expect(await readdir(fleet.folder)).not.toContain("list.html");
});

test.each([
  [["--out", "-"], 2, '--out names a file, got "-"'],
  [["--out", "pipe.html"], 1, "cannot write pipe.html: it is not a file"],
  [["--out", "."], 1, "cannot write .: it is not a file"],
  [["--out", "no/folder/report.html"], 1, "cannot write no/folder/report.html"],
  [["--out", "report.csv"], 2, '--out names the HTML file, got "report.csv"'],
] as const)("%j is refused", async (args, code, message) => {
  if (args[1] === "pipe.html") execFileSync("mkfifo", [pathOf("pipe.html")]);
  const ended = await fleet.fota(["report", jobId, ...args]);
  expect(ended.code).toBe(code);
  expect(ended.stderr).toContain(message);
});

test("a job that does not exist is an error, and no file is left", async () => {
  const { code, stderr } = await fleet.fota(["report", "nope", "--out", "nope.html"]);
  expect(code).toBe(1);
  expect(stderr).toContain("JOB_NOT_FOUND");
  expect(await readdir(fleet.folder)).not.toContain("nope.html");
});

test.each([
  ["an image", () => ({ service: "s3" }) as const],
  ["other jobs", () => ({ service: "iot", method: "GET", path: "/jobs" }) as const],
  ["causes", () => ({ service: "iot", method: "GET", path: `/things/pump-5/jobs/${jobId}` }) as const],
])("%s that may not be read are named in the report, and the rest is there", async (_what, where) => {
  fleet.local.faults.add({ kind: "answerError", status: 403, ...where() });
  const { code, stdout } = await fleet.fota(["report", jobId, "--out", "denied.html", "--json"]);
  expect(code).toBe(0);
  expect(v.parse(writtenReportSchema, JSON.parse(stdout)).unknown).not.toEqual([]);
  expect(await read("denied.html")).toMatch(/Could not be read: .*pump-9/s);
});

test("it counts the versions of the account, if devices report them", async () => {
  await fleet.fota(["report", jobId, "--out", "versions.html"]);
  expect(await read("versions.html")).toMatch(/<code>fota fleet .*shows what runs on all things/);
  for (const [thing, version] of [
    ["pump-0", "1.4.0"],
    ["pump-1", "1.4.0"],
    ["pump-2", "1.3.2"],
  ] as const) {
    await updateShadow(fleet.local, { thingName: thing, shadowName: "fota" }, { reported: { version } });
  }
  await fleet.fota(["report", jobId, "--out", "versions.html"]);
  expect(await read("versions.html")).toContain("1.4.0 runs on 2 of 10 things of the account.");
});

test("a job of another kind has a report, too", async () => {
  const targets = ["arn:aws:iot:us-east-1:000000000000:thing/pump-9"];
  await fleet.iot.send(new CreateJobCommand({ jobId: "other", targets, document: '{"operation":"reboot"}' }));
  const { code, stdout } = await fleet.fota(["report", "other"]);
  expect(code).toBe(0);
  expect(stdout).toContain("other.html");
  expect(await read("other.html")).toContain("not a fota job");
});
