import { describe, expect, test } from "vitest";
import type { HookAnswer, PendingUpdate } from "./core/hooks.js";
import { FotaAgent } from "./fota-agent.js";
import { documentOf, FakeWorld, imageOf } from "./testing/index.js";

const OLD = imageOf(1, 5_000);
const NEW = imageOf(2, 20_000);
const HOUR_MS = 3_600_000;
const HOOKS = ["beforeDownload", "beforeInstall", "beforeReset"] as const;

function worldWithJob() {
  const world = new FakeWorld({ old: OLD, new: NEW });
  const execution = world.cloud.addJob("job-1", documentOf(NEW, 1, { bc_version: "2.0.0" }));
  return { world, execution };
}

/** A hook with these answers, then "allow"; and what it was asked. */
function hookOf(...answers: (HookAnswer | Error | "never")[]) {
  const asked: PendingUpdate[] = [];
  const hook = (update: PendingUpdate): HookAnswer | Promise<HookAnswer> => {
    asked.push(update);
    const answer = answers.shift() ?? "allow";
    if (answer instanceof Error) throw answer;
    return answer === "never" ? new Promise(() => {}) : answer;
  };
  return { hook, asked };
}

test("each hook is asked once about the update, in order, and allows it", async () => {
  const { world, execution } = worldWithJob();
  const asked: string[] = [];
  const told: PendingUpdate[] = [];
  const hookNamed = (name: string) => (update: PendingUpdate) => {
    asked.push(`${name}, slot 1 ${world.flash.slotBytes(1).length}, next ${world.flash.record.currentSlot}`);
    told.push(update);
    return "allow" as const;
  };
  const hooks = Object.fromEntries(HOOKS.map((name) => [name, hookNamed(name)]));
  expect(await world.boot(hooks).handle({ force: true })).toBe("power-cut");
  await world.boot(hooks).handle({ force: true });
  expect(execution.status).toBe("SUCCEEDED");
  expect(asked).toEqual([
    "beforeDownload, slot 1 0, next 0",
    "beforeInstall, slot 1 20000, next 0",
    "beforeReset, slot 1 20000, next 1",
  ]);
  const { bc_crc: md5 } = documentOf(NEW, 1);
  expect(told[0]).toEqual({ jobId: "job-1", slot: 1, sizeBytes: 20_000, md5, version: "2.0.0" });
});

describe.each(HOOKS)("%s", (name) => {
  test("P-25: refuse: REJECTED with the text, on the old image, without a reset", async () => {
    const { world, execution } = worldWithJob();
    const device = world.boot({ [name]: hookOf({ refuse: "never on a Friday" }).hook });
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(execution.status).toBe("REJECTED");
    expect(execution.statusDetails).toMatchObject({ reason: "refused", detail: "never on a Friday" });
    expect(world.flash.record).toMatchObject({ runningSlot: 0, currentSlot: 0, workingSlot: 0 });
    expect(world.flash.state).toContain('"idle"');
    world.boot();
    expect(world.flash.running).toEqual({ slot: 0, image: OLD, confirmed: true });
  });

  test("defer: told once, asked again only when the time has come, then it goes on", async () => {
    const { world, execution } = worldWithJob();
    const { hook, asked } = hookOf({ deferMs: HOUR_MS, why: "the oven is hot" });
    const device = world.boot({ [name]: hook });
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(execution.statusDetails["detail"]).toBe(`${name} deferred the update for 3600 s: the oven is hot`);
    const told = world.cloud.accepted.length;
    await device.handle();
    await device.handle();
    expect(asked.length).toBe(1);
    expect(world.cloud.accepted.length).toBe(told);
    await world.clock.run(world.clock.sleep(HOUR_MS));
    expect(await device.handle()).toBe("power-cut");
    expect(asked.length).toBe(2);
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("deferred, then a restart of the same firmware: asked again at once", async () => {
    const { world, execution } = worldWithJob();
    await world.boot({ [name]: hookOf({ deferMs: HOUR_MS }).hook }).handle({ force: true });
    const { hook, asked } = hookOf();
    const again = world.boot({ [name]: hook });
    const result = await again.handle({ force: true });
    // A restart while beforeReset is open boots the trial: there is nothing to ask any more.
    expect(asked.length).toBe(name === "beforeReset" ? 0 : 1);
    if (result === "power-cut") await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("the job is canceled while it is deferred: a notification ends it", async () => {
    const { world, execution } = worldWithJob();
    const device = world.boot({ [name]: hookOf({ deferMs: HOUR_MS }).hook });
    await device.handle({ force: true });
    world.cloud.cancel(execution);
    expect(await device.handle()).toBeUndefined();
    expect(world.flash.state).toContain('"idle"');
    expect(world.flash.record).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  });

  test.each([
    ["throws", new Error("boom"), "boom"],
    ["does not answer", "never", "no answer within 60000 ms"],
    ["answers nonsense", 7 as unknown as HookAnswer, 'its answer is not "allow", { deferMs } or { refuse }'],
  ] as const)(
    "%s: waits a minute, and is asked again; the fourth time is FAILED",
    async (_how, answer, said) => {
      const { world, execution } = worldWithJob();
      const { hook, asked } = hookOf(answer, answer, answer, answer);
      const device = world.boot({ [name]: hook });
      for (let fault = 1; fault <= 3; fault += 1) {
        await device.handle({ force: fault === 1 });
        expect(asked.length).toBe(fault);
        expect(execution.status).toBe("IN_PROGRESS");
        expect(execution.statusDetails["detail"]).toBe(`${name} failed: ${said}`);
        await world.clock.run(world.clock.sleep(60_000));
      }
      await device.handle();
      expect(execution.status).toBe("FAILED");
      expect(execution.statusDetails).toMatchObject({ reason: "hook-failed", running: "slot 0" });
      expect(world.flash.record).toMatchObject({ currentSlot: 0, workingSlot: 0 });
    },
  );
});

test("after a deferred beforeDownload the URL is asked for anew: it may have expired", async () => {
  const { world } = worldWithJob();
  let asked = 0;
  world.cloud.fillIn = (document) => ({
    ...(document as object),
    bc_url: `https://b.example/i?asked=${++asked}`,
  });
  const device = world.boot({ beforeDownload: hookOf({ deferMs: HOUR_MS }).hook });
  await device.handle({ force: true });
  await world.clock.run(world.clock.sleep(HOUR_MS));
  await device.handle();
  expect(world.server.gets.map(({ url }) => url)).toEqual(["https://b.example/i?asked=2"]);
});

test("after a deferred beforeInstall the slot is read back again: a changed one is not booted", async () => {
  const { world, execution } = worldWithJob();
  const device = world.boot({ beforeInstall: hookOf({ deferMs: HOUR_MS }).hook });
  await device.handle({ force: true });
  await device.device.slots.write(1, 0, new Uint8Array(7));
  await world.clock.run(world.clock.sleep(HOUR_MS));
  await device.handle();
  expect(execution.statusDetails["reason"]).toBe("digest-mismatch");
  expect(device.power.trace).not.toContain("slots.attempt");
});

test("jobs of other kinds do not wait for an update that is deferred, and the next update does", async () => {
  const { world } = worldWithJob();
  const handed: string[] = [];
  const jobCallback = (job: object) => void handed.push(String(job));
  const device = world.boot({ beforeDownload: hookOf({ deferMs: HOUR_MS }).hook });
  await device.handle({ force: true, jobCallback });
  world.cloud.addJob("other", { operation: "reboot" });
  const next = world.cloud.addJob("job-2", documentOf(NEW, 1));
  await device.handle({ jobCallback });
  expect(handed).toEqual(["other@thing-1"]);
  expect(next.status).toBe("QUEUED");
});

test("FotaAgent waits as long as the hook says, without polling", async () => {
  const { world } = worldWithJob();
  const { hook, asked } = hookOf({ deferMs: HOUR_MS }, { deferMs: 2 * HOUR_MS });
  const device = world.boot();
  const agent = new FotaAgent(device.device, device.jobs, { beforeInstall: hook });
  const waits: number[] = [];
  agent.on("waiting", ({ delayMs }) => void waits.push(delayMs));
  agent.start();
  expect(await world.clock.run(device.power.off)).toBe("power-cut");
  expect(waits).toEqual([HOUR_MS, 2 * HOUR_MS]);
  expect(asked.length).toBe(3);
});

test("FotaAgent stops at once while a hook thinks, and asks it again after the next start", async () => {
  const { world } = worldWithJob();
  const { hook, asked } = hookOf("never");
  const device = world.boot();
  let entered: () => void = () => {};
  const thinking = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const beforeDownload = (update: PendingUpdate) => {
    entered();
    return hook(update);
  };
  const agent = new FotaAgent(device.device, device.jobs, { beforeDownload });
  agent.start();
  await world.clock.run(thinking);
  await world.clock.run(agent.stop());
  expect(world.clock.monotonicMs()).toBe(0);
  agent.start();
  expect(await world.clock.run(device.power.off)).toBe("power-cut");
  expect(asked.length).toBe(2);
});
