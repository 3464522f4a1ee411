import { appendFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeWorld } from "../../test/support/world-copy.js";
import type { Job } from "../jobs/job.js";
import { encodeLine } from "../journal/journal-files.js";
import { manualClock } from "../movable-clock.js";
import { createEngine, type Engine } from "./engine.js";

const MINUTE_MS = 60_000;
const region = "us-east-1";
const target = "arn:aws:iot:us-east-1:000000000000:thing/t1";

let dir: string;
let engine: Engine | undefined;
let clock: ReturnType<typeof manualClock>;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-engine-"));
  clock = manualClock(Date.UTC(2026, 10, 24));
});
afterEach(async () => {
  await engine?.close();
  await rm(dir, { recursive: true });
});

async function open(): Promise<Engine> {
  engine = await createEngine({ clock, region, dir });
  return engine;
}

const job = { targets: [target], document: "{}", targetSelection: "SNAPSHOT" as const, config: {}, tags: {} };
const statusOf = (jobId: string) => engine?.world.jobs.get(jobId)?.status;

test("the world is the same after a restart, including random ids", async () => {
  const first = await open();
  await first.run("createThing", { thingName: "t1", attributes: { model: "x1" } });
  await first.run("createThingGroup", { thingGroupName: "fleet", attributes: {} });
  await first.run("createJob", { jobId: "j1", ...job });
  await expect(first.run("createJob", { jobId: "j1", ...job })).rejects.toThrow("already exists");
  await expect.poll(() => first.world.jobs.get("j1")?.counts.QUEUED).toBe(1);
  await first.run("startNextExecution", { thingName: "t1", stepTimeoutInMinutes: 5 });
  const text = encodeWorld(first.world);
  await first.close();
  expect(encodeWorld((await open()).world)).toBe(text);
  await engine?.close();
  expect(encodeWorld((await open()).world)).toBe(text); // and from its snapshot alone
});

test("a restart runs what came due while the stand-in was stopped", async () => {
  const first = await open();
  await first.run("createThing", { thingName: "t1", attributes: {} });
  const schedulingConfig = {
    startTime: "2026-11-24T01:00",
    endTime: "2026-11-24T02:00",
    endBehavior: "CANCEL" as const,
  };
  await first.run("createJob", { jobId: "j1", ...job, schedulingConfig });
  await first.close();
  clock.advance(90 * MINUTE_MS);
  await open();
  await expect.poll(() => engine?.world.jobs.get("j1")?.counts.QUEUED).toBe(1);
  clock.advance(30 * MINUTE_MS);
  await expect.poll(() => statusOf("j1")).toBe("CANCELED");
});

test("a cancellation and a deletion of a large job go on after a restart", async () => {
  const first = await open();
  const names = Array.from({ length: 2_500 }, (_, index) => `t${index}`);
  await first.run("createThingGroup", { thingGroupName: "fleet", attributes: {} });
  await Promise.all(names.map((thingName) => first.run("createThing", { thingName, attributes: {} })));
  await Promise.all(
    names.map((thingName) => first.run("addThingToGroup", { thingName, thingGroupName: "fleet" })),
  );
  const targets = ["arn:aws:iot:us-east-1:000000000000:thinggroup/fleet"];
  const isDone = async (jobId: string, isTrue: (job: Readonly<Job> | undefined) => boolean) =>
    expect.poll(() => isTrue(engine?.world.jobs.get(jobId))).toBe(true);
  for (const jobId of ["j1", "j2"]) {
    await first.run("createJob", { jobId, ...job, targets });
    await isDone(jobId, (found) => found?.counts.QUEUED === names.length);
  }
  await Promise.all([
    first.run("cancelJob", { jobId: "j1", force: false }),
    first.run("deleteJob", { jobId: "j2", force: true }),
  ]);
  await first.close();
  for (const jobId of ["j1", "j2"])
    expect(first.world.jobs.get(jobId)?.sweep?.things.length).toBeGreaterThan(0);
  await open();
  await isDone("j1", (found) => found?.counts.CANCELED === names.length && found.sweep === undefined);
  await isDone("j2", (found) => found === undefined);
});

test("a clock that jumps over several deadlines fires each at its own time", async () => {
  const { run, world } = await open();
  const names = ["t1", "t2", "t3", "t4"];
  for (const thingName of names) await run("createThing", { thingName, attributes: {} });
  const targets = names.map((name) => target.replace("t1", name));
  const config = { jobExecutionsRolloutConfig: { maximumPerMinute: 1 } };
  await run("createJob", { jobId: "j1", ...job, targets, config });
  await expect.poll(() => world.jobs.get("j1")?.counts.QUEUED).toBe(1);
  clock.advance(60 * MINUTE_MS);
  const queuedAt = [...(world.jobs.get("j1")?.executions.values() ?? [])].map(
    ([first]) => first?.queuedAtMs ?? 0,
  );
  expect(queuedAt.map((atMs) => (atMs - Date.UTC(2026, 10, 24)) / MINUTE_MS)).toEqual([0, 1, 2, 3]);
});

test("a job for things is one record on the disk, and its notification follows the answer", async () => {
  const first = await open();
  await first.run("createThing", { thingName: "t1", attributes: {} });
  const order: string[] = [];
  first.onNotice(({ topic }) => order.push(topic));
  await first.run("createJob", { jobId: "j1", ...job, rollsOutAtOnce: true });
  order.push("answer");
  await expect
    .poll(() => order)
    .toEqual(["answer", "$aws/things/t1/jobs/notify", "$aws/things/t1/jobs/notify-next"]);
  const text = encodeWorld(first.world);
  await first.close();
  const [journal = ""] = (await readdir(dir)).filter((name) => name.startsWith("journal-"));
  expect((await readFile(join(dir, journal), "utf8")).match(/"command":"\w+"/g)).toEqual([
    '"command":"createThing"',
    '"command":"createJob"',
  ]);
  expect(encodeWorld((await open()).world)).toBe(text);
});

test("a command whose record a power cut tore was never answered and is dropped", async () => {
  const first = await open();
  await first.run("createThing", { thingName: "t1", attributes: {} });
  await first.close();
  const [journal = ""] = (await readdir(dir)).filter((name) => name.startsWith("journal-"));
  const record = (await readFile(join(dir, journal), "utf8")).replaceAll("t1", "t2");
  await appendFile(join(dir, journal), record.slice(0, -5));
  expect([...(await open()).world.things.keys()]).toEqual(["t1"]);
});

test("a folder of another region or with an invalid journal record is refused with the reason", async () => {
  const first = await open();
  await first.run("createThing", { thingName: "t1", attributes: {} });
  await first.close();
  await expect(createEngine({ clock, region: "eu-west-1", dir })).rejects.toMatchObject({
    code: "LOCAL_DIR_INVALID",
    message: expect.stringContaining("belongs to region us-east-1, not eu-west-1"),
  });
  const [journal = ""] = (await readdir(dir)).filter((name) => name.startsWith("journal-"));
  const path = join(dir, journal);
  const generation = Number(/\d+/.exec(journal)?.[0]);
  const { folder } = JSON.parse(await readFile(join(dir, "snapshot.json"), "utf8"));
  const offset = (await readFile(path)).length;
  const record = '{"command":"explode","input":{},"nowMs":1,"seed":"0"}';
  await appendFile(path, encodeLine(record, { generation, folder }, offset));
  await expect(createEngine({ clock, region, dir })).rejects.toMatchObject({
    code: "LOCAL_DIR_INVALID",
    message: expect.stringContaining("line 5 cannot be replayed: not a record of a command"),
  });
});

test("notifications of Jobs are composed only for topics that a listener hears", async () => {
  engine = await createEngine({ clock, region, presign: () => "https://s3/presigned" });
  const heard: string[] = [];
  engine.onNotice(
    ({ topic }) => heard.push(topic),
    (topic) => topic === "$aws/things/t1/jobs/notify",
  );
  await engine.run("createThing", { thingName: "t1", attributes: {} });
  await engine.run("createJob", { jobId: "j1", ...job });
  await expect.poll(() => heard).toEqual(["$aws/things/t1/jobs/notify"]);
  const removeListener = engine.onNotice(({ topic }) => heard.push(`all: ${topic}`));
  await engine.run("updateExecution", { thingName: "t1", jobId: "j1", status: "SUCCEEDED" });
  await expect
    .poll(() => heard.slice(1))
    .toEqual([
      "$aws/things/t1/jobs/notify",
      "all: $aws/things/t1/jobs/notify",
      "$aws/things/t1/jobs/notify-next",
      "all: $aws/things/t1/jobs/notify-next",
    ]);
  removeListener();
});

describe("a schedule a year long", () => {
  test("never sets a timer longer than Node.js allows, and starts on time", async () => {
    const delays: number[] = [];
    const watched = {
      nowMs: () => clock.nowMs(),
      after: (delayMs: number, action: () => void) => {
        delays.push(delayMs);
        return clock.after(delayMs, action);
      },
    };
    engine = await createEngine({ clock: watched, region });
    await engine.run("createThing", { thingName: "t1", attributes: {} });
    await engine.run("createJob", {
      jobId: "j1",
      ...job,
      schedulingConfig: { startTime: "2027-11-01T00:00" },
    });
    expect(statusOf("j1")).toBe("SCHEDULED");
    clock.advance(Date.UTC(2027, 10, 1) - clock.nowMs());
    await expect.poll(() => statusOf("j1")).toBe("IN_PROGRESS");
    expect(Math.max(...delays)).toBeLessThan(2 ** 31);
  });
});

test("until resolves when ticks have done it, and it survives a restart; a stop rejects it", async () => {
  const first = await open();
  const names = Array.from({ length: 2_500 }, (_, index) => `t${index}`);
  const makeGroup = async (thingGroupName: string) => {
    await first.run("createThingGroup", { thingGroupName, attributes: {} });
    await Promise.all(names.map((thingName) => first.run("addThingToGroup", { thingName, thingGroupName })));
  };
  await Promise.all(names.map((thingName) => first.run("createThing", { thingName, attributes: {} })));
  await makeGroup("done");
  await makeGroup("stopped");
  await first.run("deleteThingGroup", { thingGroupName: "done" });
  expect(first.world.groups.get("done")?.things.size).toBe(2_500);
  await first.until(() => !first.world.groups.has("done"));
  const [thing] = first.world.things.values();
  expect([...(thing?.groups ?? [])]).toEqual(["stopped"]);
  await first.run("deleteThingGroup", { thingGroupName: "stopped" });
  const never = first.until(() => !first.world.groups.has("stopped"));
  await Promise.all([first.close(), expect(never).rejects.toThrow("the stand-in is stopping")]);
  const second = await open();
  expect([...second.world.groups.keys()]).toEqual(["stopped"]);
  await second.until(() => !second.world.groups.has("stopped"));
});

test("commands of one turn of the event loop leave to ticks what is too much for them together", async () => {
  engine = await createEngine({ clock, region });
  const { world, run } = engine;
  const names = Array.from({ length: 600 }, (_, index) => `t${index}`);
  const jobIds = ["j1", "j2", "j3", "small"];
  await Promise.all(names.map((thingName) => run("createThing", { thingName, attributes: {} })));
  for (const jobId of jobIds) {
    const things = jobId === "small" ? names.slice(0, 100) : names;
    await run("createThingGroup", { thingGroupName: jobId, attributes: {} });
    for (const thingName of things) await run("addThingToGroup", { thingName, thingGroupName: jobId });
    const targets = [`arn:aws:iot:us-east-1:000000000000:thinggroup/${jobId}`];
    await run("createJob", { jobId, ...job, targets, targetSelection: "SNAPSHOT" });
    await engine.until(() => world.jobs.get(jobId)?.rollout === undefined);
  }
  const canceled = () => jobIds.map((jobId) => world.jobs.get(jobId)?.counts.CANCELED);
  for (const jobId of jobIds) void run("cancelJob", { jobId, force: false });
  expect(canceled()).toEqual([600, 0, 0, 100]);
  await engine.until(() => jobIds.every((jobId) => world.jobs.get(jobId)?.sweep === undefined));
  expect(canceled()).toEqual([600, 600, 600, 100]);
  await run("createJob", {
    jobId: "j4",
    ...job,
    targets: ["arn:aws:iot:us-east-1:000000000000:thinggroup/j1"],
  });
  await engine.until(() => world.jobs.get("j4")?.rollout === undefined);
  await run("cancelJob", { jobId: "j4", force: false });
  expect(world.jobs.get("j4")?.counts.CANCELED).toBe(600);
});
