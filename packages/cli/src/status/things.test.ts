import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { commandLine } from "@fota/shared";
import * as v from "valibot";
import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { openSink } from "../terminal/sink.js";
import { thingColumns } from "./columns.js";
import { jobSummarySchema } from "./result.js";
import { openThings } from "./things.js";
import { type Form, writeThings } from "./write-things.js";

const THINGS = 2_000;

/** A job of 2,000 things, in pages: every fourth failed, the others are in progress. */
function fleet(status?: string) {
  const all = Array.from({ length: THINGS }, (_, i) => ({
    thingArn: `arn:aws:iot:eu-west-1:123456789012:thing/pump-${i}`,
    jobExecutionSummary: { status: i % 4 === 0 ? "FAILED" : "IN_PROGRESS", executionNumber: 1 },
  })).filter(({ jobExecutionSummary }) => status === undefined || jobExecutionSummary.status === status);
  return iotThat({
    DescribeJob: () => ({
      job: {
        status: "IN_PROGRESS",
        jobProcessDetails: { numberOfInProgressThings: 1_500, numberOfFailedThings: 500 },
      },
    }),
    ListJobExecutionsForJob: ({ nextToken, maxResults, status: wanted }) => {
      expect(wanted).toBe(status);
      const from = Number(nextToken ?? 0);
      const to = from + Number(maxResults);
      return {
        executionSummaries: all.slice(from, to),
        ...(to < all.length && { nextToken: String(to) }),
      };
    },
    DescribeJobExecution: () => ({
      execution: { status: "FAILED", statusDetails: { detailsMap: { reason: "digest-mismatch" } } },
    }),
  });
}

async function listed(which: "all" | "failed", as: Form["as"]) {
  const { iot, asked } = fleet(which === "failed" ? "FAILED" : undefined);
  const stdout = new PassThrough();
  const written = text(stdout);
  const sink = await openSink(
    { env: {}, stdin: new PassThrough(), stdout, signal: new AbortController().signal },
    { paged: as === "table" },
  );
  const counts: number[] = [];
  const list = await openThings(iot, "a", which, (count) => counts.push(count));
  const view = {
    paint: (_: string, plain: string) => plain,
    columns: 80,
    time: (iso: string) => iso,
    fota: (...command: string[]) => commandLine(command),
    publish: {},
  };
  const leftOut = await writeThings(list, sink, { as, columns: thingColumns((iso) => iso), view });
  await sink.close();
  stdout.end();
  return { text: await written, asked, leftOut, counts };
}

test("a list of 2,000 things is one JSON value, in 8 pages, with 250 details and how many are left out", async () => {
  const { text: json, asked, leftOut, counts } = await listed("all", "json");
  const summary = v.parse(jobSummarySchema, JSON.parse(json));
  expect(summary.executions).toHaveLength(THINGS);
  expect(summary.executions?.[249]).toMatchObject({ thing: "pump-249", reason: "digest-mismatch" });
  expect(summary.executions?.[250]).toEqual({ thing: "pump-250", status: "IN_PROGRESS", executionNumber: 1 });
  expect(summary.detailsLeftOut).toBe(THINGS - 250);
  expect(leftOut).toBe(THINGS - 250);
  expect(asked.filter((name) => name === "ListJobExecutionsForJob")).toHaveLength(8);
  expect(asked.filter((name) => name === "DescribeJobExecution")).toHaveLength(250);
  expect(counts.at(-1)).toBe(THINGS);
});

test("--failed asks for the statuses that there are, and groups the causes of the first 250", async () => {
  const { text: table } = await listed("failed", "table");
  expect(table).toContain("causes of failure (a sample: 250 of 500)");
  expect(table).toContain("  250  FAILED  digest-mismatch\n       pump-0, pump-4, pump-8, ...");
  expect(
    table
      .trimEnd()
      .split("\n")
      .filter((line) => line.startsWith("pump-")),
  ).toHaveLength(500);
});

test("CSV has a head and a line for each thing, and nothing else", async () => {
  const lines = (await listed("failed", "csv")).text.trimEnd().split("\n");
  expect(lines).toHaveLength(501);
  expect(lines[0]).toMatch(/^thing,status,try,/);
  expect(lines[1]).toMatch(/^pump-0,FAILED,1,/);
});

test("the first page is read before anything is written; the rest when the reader has taken it", async () => {
  const { iot, asked } = fleet();
  const stdout = new PassThrough({ highWaterMark: 1 });
  const signal = new AbortController();
  const sink = await openSink(
    { env: {}, stdin: new PassThrough(), stdout, signal: signal.signal },
    { paged: false },
  );
  const list = await openThings(iot, "a", "all", () => {});
  const view = {
    paint: (_: string, plain: string) => plain,
    columns: 80,
    time: (iso: string) => iso,
    fota: (...command: string[]) => commandLine(command),
    publish: {},
  };
  const writing = writeThings(list, sink, { as: "json", columns: [], view });
  await new Promise<void>((resolve) => stdout.once("readable", resolve));
  expect(asked.filter((name) => name === "ListJobExecutionsForJob")).toHaveLength(1);
  signal.abort(); // nobody reads
  await writing;
});
