/** Lists at 1, 250 and 10,000 items, and at 100,000 in `npm run sweep`: every item once, in order, in pages of at most 250. */
import { describe, expect, test } from "vitest";
import type { Engine } from "../src/engine/engine.js";
import { addExecution } from "../src/jobs/execution-lists.js";
import { ensurePendingQueue } from "../src/jobs/pending-queue.js";
import type { S3Access } from "../src/jobs/s3-access.js";
import { put } from "../src/listing/indexes.js";
import { nextSequence } from "../src/registry/context.js";
import { createRouter } from "../src/rest/router.js";
import { executionRoutes } from "../src/services/iot/execution-routes.js";
import { jobRoutes } from "../src/services/iot/job-routes.js";
import {
  addGroup,
  addJob,
  addThings,
  createModel,
  executionOf,
  groupArn,
  jobOf,
  type Model,
  thingArn,
} from "./model-driver.js";

const noObjects: S3Access = {
  presign: () => "",
  check: () => Promise.reject(new Error("no test here reads objects")),
  readText: () => Promise.reject(new Error("no test here reads objects")),
};

/** Follows `nextToken` to the end; returns all items and the sizes of the pages. */
async function readAll(model: Model, path: string, member: string, maxResults?: number) {
  const engine: Engine = {
    world: model.world,
    nowMs: () => model.nowMs,
    run: () => Promise.reject(new Error("lists change nothing")),
    until: () => Promise.reject(new Error("lists change nothing")),
    documentToSend: ({ document }) => document,
    onNotice: () => () => undefined,
    close: () => Promise.resolve(),
  };
  const routes = [...jobRoutes(engine, noObjects), ...executionRoutes(engine)];
  const { handler, params } = createRouter(routes)("GET", path);
  const items: Record<string, unknown>[] = [];
  const sizes: number[] = [];
  for (let nextToken: string | undefined = ""; nextToken !== undefined; ) {
    const query = new URLSearchParams({
      ...(maxResults !== undefined && { maxResults: String(maxResults) }),
      ...(nextToken !== "" && { nextToken }),
    });
    const answer = (await handler({
      method: "GET",
      path,
      query,
      headers: {},
      body: {},
      bytes: new Uint8Array(),
      params,
      certificateId: undefined,
      isGone: () => false,
    })) as Record<string, unknown>;
    const page = answer[member] as Record<string, unknown>[];
    items.push(...page);
    sizes.push(page.length);
    nextToken = answer["nextToken"] as string | undefined;
  }
  return { items, sizes };
}

function fleet(count: number): Model {
  const model = createModel();
  const names = Array.from({ length: count }, (_, index) => `t${index}`);
  addThings(model, ...names);
  addGroup(model, "fleet", names);
  return model;
}

/**
 * Job `j1` with an execution on each of `count` things; written directly into the world, because commands would take
 * seconds.
 */
function manyExecutions(count: number): Model {
  const model = fleet(1);
  addJob(model, "j1", [groupArn("fleet")]);
  const first = executionOf(model, "j1", "t0");
  for (let index = 1; index < count; index += 1) {
    const thingName = `t${index}`;
    const execution = { ...first, thingName, sequence: nextSequence(model.world) };
    addExecution(jobOf(model, "j1"), ensurePendingQueue(model.world, thingName), execution);
  }
  return model;
}

/** Jobs `j0` to `j<count - 1>`, written into the world too. */
function manyJobs(count: number): Model {
  const model = createModel();
  addGroup(model, "empty", []);
  addJob(model, "j0", [groupArn("empty")]);
  const first = jobOf(model, "j0");
  for (let index = 1; index < count; index += 1) {
    const jobId = `j${index}`;
    put(model.world.jobs, jobId, { ...first, jobId, sequence: nextSequence(model.world) });
  }
  return model;
}

const many = process.env["FOTA_SWEEP"] ? 100_000 : 10_000;

describe.each([
  { count: 1, pages: 1 },
  { count: 250, pages: 1 },
  { count: 251, pages: 2 },
  { count: many, pages: many / 250 },
])("$count items", ({ count, pages }) => {
  test("executions of a job", async () => {
    const model = manyExecutions(count);
    const { items, sizes } = await readAll(model, "/jobs/j1/things", "executionSummaries");
    expect(sizes).toHaveLength(pages);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(250);
    expect(items.map(({ thingArn: arn }) => arn)).toEqual(
      [...jobOf(model, "j1").executions.keys()].map(thingArn),
    );
  });

  test("jobs, the newest first", async () => {
    const model = manyJobs(count);
    const { items, sizes } = await readAll(model, "/jobs", "jobs");
    expect(sizes).toHaveLength(pages);
    expect(items.map(({ jobId }) => jobId)).toEqual([...model.world.jobs.keys()].reverse());
  });
});

test("executions of one thing, the newest first", async () => {
  const model = createModel();
  addThings(model, "t1");
  const ids = Array.from({ length: 2_000 }, (_, index) => `j${index}`);
  for (const jobId of ids) {
    addJob(model, jobId, [thingArn("t1")]);
    model.run("updateExecution", { thingName: "t1", jobId, status: "SUCCEEDED" });
  }
  const { items, sizes } = await readAll(model, "/things/t1/jobs", "executionSummaries");
  expect(sizes).toEqual(Array(8).fill(250));
  expect(items.map(({ jobId }) => jobId)).toEqual(ids.reverse());
});

test("retries have their own place in the lists", async () => {
  const model = fleet(4);
  const jobExecutionsRetryConfig = { criteriaList: [{ failureType: "FAILED" as const, numberOfRetries: 1 }] };
  addJob(model, "j1", [groupArn("fleet")], { config: { jobExecutionsRetryConfig } });
  addJob(model, "j2", [thingArn("t1")]);
  for (const thingName of ["t2", "t1"])
    model.run("updateExecution", { thingName, jobId: "j1", status: "FAILED" });
  const ofJob = await readAll(model, "/jobs/j1/things", "executionSummaries", 1);
  expect(ofJob.items.map(({ thingArn: arn }) => arn)).toEqual(
    ["t0", "t1", "t2", "t3", "t2", "t1"].map(thingArn),
  );
  const ofThing = await readAll(model, "/things/t1/jobs", "executionSummaries", 2);
  expect(ofThing.items.map(({ jobId }) => jobId)).toEqual(["j1", "j2", "j1"]);
  expect(ofThing.sizes).toEqual([2, 1]);
});

test("maxResults sets the size of a page", async () => {
  const model = fleet(7);
  addJob(model, "j1", [groupArn("fleet")]);
  expect((await readAll(model, "/jobs/j1/things", "executionSummaries", 3)).sizes).toEqual([3, 3, 1]);
});
