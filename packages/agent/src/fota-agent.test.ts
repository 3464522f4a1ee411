import { describe, expect, test } from "vitest";
import { FotaAgent, type FotaAgentOptions } from "./fota-agent.js";
import { documentOf, type FakeProcess, FakeWorld, imageOf } from "./testing/index.js";

const OLD = imageOf(1, 5_000);
const NEW = imageOf(2, 20_000);
const DOWNLOAD = { journalBytes: 4_000, journalIntervalMs: 0, bufferBytes: 2_000 };

function agentOn({ device, jobs }: FakeProcess, options: FotaAgentOptions = {}) {
  const agent = new FotaAgent(device, jobs, { download: DOWNLOAD, ...options });
  const events: string[] = [];
  agent.on("idle", () => void events.push("idle"));
  agent.on("waiting", ({ delayMs }) => void events.push(`waiting ${delayMs}`));
  agent.on("resetDue", () => void events.push("resetDue"));
  const next = (name: "idle" | "waiting" | "resetDue") =>
    new Promise<void>((resolve) => {
      const off = agent.on(name, () => {
        off();
        resolve();
      });
    });
  return { agent, events, next };
}

function worldWithJob() {
  const world = new FakeWorld({ old: OLD, new: NEW });
  const execution = world.cloud.addJob("job-1", documentOf(NEW, 1));
  return { world, execution };
}

describe("without a loop", () => {
  test("start carries out what is pending, over the restart, to SUCCEEDED", async () => {
    const { world, execution } = worldWithJob();
    const first = world.boot();
    agentOn(first).agent.start();
    expect(await world.clock.run(first.power.off)).toBe("power-cut");
    const second = agentOn(world.boot());
    const idle = second.next("idle");
    second.agent.start();
    await world.clock.run(idle);
    expect(execution.status).toBe("SUCCEEDED");
    expect(world.flash.running.confirmed).toBe(true);
  });

  test("a notification is acted on at once; until then there is no traffic", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const device = world.boot();
    const { agent, next } = agentOn(device);
    const idle = next("idle");
    agent.start();
    await world.clock.run(idle);
    const asked = world.cloud.published.length;
    expect(world.clock.pending).toBe(0);
    world.cloud.addJob("job-1", documentOf(NEW, 1));
    expect(await world.clock.run(device.power.off)).toBe("power-cut");
    expect(asked).toBe(1);
    expect(world.clock.monotonicMs()).toBe(0);
  });

  test("working comes before each look for jobs, and idle after it", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const device = world.boot();
    const { agent, events, next } = agentOn(device);
    agent.on("working", () => void events.push("working"));
    let idle = next("idle");
    agent.start();
    await world.clock.run(idle);
    idle = next("idle");
    world.cloud.addJob("other", { operation: "reboot" });
    await world.clock.run(idle);
    expect(events).toEqual(["working", "working", "idle", "working", "idle"]);
  });

  test("start continues from what was saved while the agent did not run", async () => {
    const { world, execution } = worldWithJob();
    const device = world.boot();
    const { agent, next } = agentOn(device, { beforeReset: () => ({ deferMs: 60_000 }) });
    const waiting = next("waiting");
    agent.start();
    await world.clock.run(waiting);
    await world.clock.run(agent.stop());
    const saved = JSON.parse(world.flash.state ?? "");
    const { hook, ...update } = saved.state;
    expect(hook).toBe("beforeReset");
    const verdict = { status: "FAILED", details: { phase: "trial", reason: "reverted-by-hand" } };
    world.flash.state = JSON.stringify({ ...saved, state: { ...update, phase: "reverting", verdict } });
    const idle = next("idle");
    agent.start();
    await world.clock.run(idle);
    expect(execution).toMatchObject({ status: "FAILED", statusDetails: { reason: "reverted-by-hand" } });
    expect(world.flash.record).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  });

  test("a pass waits for its turn; after a stop, it does nothing", async () => {
    const { world, execution } = worldWithJob();
    const waiting: (() => void)[] = [];
    const inTurn = async <T>(pass: () => Promise<T>): Promise<T> => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return await pass();
    };
    const { agent, events } = agentOn(world.boot(), { inTurn });
    agent.on("working", () => void events.push("working"));
    agent.start();
    await world.clock.run(Promise.resolve());
    expect(waiting).toHaveLength(1);
    const stopped = agent.stop();
    waiting.shift()?.();
    await world.clock.run(stopped);
    expect(events).toEqual([]);
    expect(execution.status).toBe("QUEUED");
  });

  test("a notification in the middle of a turn is not lost", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    world.cloud.addJob("other", { operation: "reboot" });
    const jobCallback = () => void world.cloud.addJob("job-1", documentOf(NEW, 1));
    const device = world.boot();
    agentOn(device, { jobCallback }).agent.start();
    expect(await world.clock.run(device.power.off)).toBe("power-cut");
  });

  test("a connection that came back is looked at: a notification may have been missed", async () => {
    const { world, execution } = worldWithJob();
    execution.status = "CANCELED";
    const device = world.boot();
    const { agent, next } = agentOn(device);
    const idle = next("idle");
    agent.start();
    await world.clock.run(idle);
    execution.status = "QUEUED";
    world.cloud.dropLink();
    expect(await world.clock.run(device.power.off)).toBe("power-cut");
  });

  test("a link that fails is tried again with growing waits, then the work goes on", async () => {
    const { world } = worldWithJob();
    world.cloud.reachable = false;
    const device = world.boot();
    const { agent, events } = agentOn(device, { retry: { baseMs: 1_000, maxMs: 60_000 } });
    agent.on("waiting", () => {
      if (events.length === 4) world.cloud.reachable = true;
    });
    agent.start();
    expect(await world.clock.run(device.power.off)).toBe("power-cut");
    expect(events).toEqual(["waiting 500", "waiting 1000", "waiting 2000", "waiting 4000"]);
  });

  test("a restart that fails is tried again", async () => {
    const { world } = worldWithJob();
    const device = world.boot();
    const restart = device.device.slots.restart;
    let tries = 0;
    device.device.slots.restart = async () => {
      tries += 1;
      if (tries < 3) throw new Error("not now");
      await restart();
    };
    agentOn(device).agent.start();
    expect(await world.clock.run(device.power.off)).toBe("power-cut");
    expect(tries).toBe(3);
  });

  test("with autoReset off, resetDue is emitted once, and reset restarts", async () => {
    const { world, execution } = worldWithJob();
    const device = world.boot();
    const { agent, events, next } = agentOn(device, { autoReset: false });
    const due = next("resetDue");
    agent.start();
    await world.clock.run(due);
    expect(device.power.isOff).toBe(false);
    expect(await world.clock.run(Promise.race([device.power.off, agent.reset()]))).toBe("power-cut");
    expect(events).toEqual(["resetDue"]);
    const second = agentOn(world.boot());
    const idle = second.next("idle");
    second.agent.start();
    await world.clock.run(idle);
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("progress has phases and bytes; an error in a listener does no harm", async () => {
    const { world } = worldWithJob();
    const device = world.boot();
    const { agent } = agentOn(device);
    const phases = new Set<string | undefined>();
    const gone = agent.on("progress", () => expect.unreachable());
    gone();
    agent.on("progress", () => {
      throw new Error("the application is broken");
    });
    agent.on("progress", ({ phase }) => void phases.add(phase));
    agent.start();
    expect(await world.clock.run(device.power.off)).toBe("power-cut");
    expect([...phases]).toEqual(["starting", "downloading", "verifying", "installing"]);
    expect(world.logged).toContain("warn: a listener of progress threw: the application is broken");
  });
});

describe("start jitter", () => {
  test("the first look, and the one after a notification, wait a random part of the window", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const device = world.boot();
    const { agent, next } = agentOn(device, { startJitterMs: 60_000 });
    const idle = next("idle");
    agent.start();
    await world.clock.run(idle);
    expect(world.clock.monotonicMs()).toBe(30_000);
    world.cloud.addJob("job-1", documentOf(NEW, 1));
    await world.clock.run(device.power.off);
    expect(world.clock.monotonicMs()).toBe(60_000);
  });

  test("an update under way does not wait: a trial has a deadline", async () => {
    const { world, execution } = worldWithJob();
    const device = world.boot();
    await device.handle({ force: true });
    const start = world.clock.monotonicMs();
    const second = world.boot();
    const { agent } = agentOn(second, { startJitterMs: 3_600_000 });
    const done = new Promise<void>((resolve) => {
      agent.on("progress", ({ phase }) => phase === "done" && resolve());
    });
    agent.start();
    await world.clock.run(done);
    expect(world.clock.monotonicMs()).toBe(start);
    await world.clock.run(agent.stop());
    expect(execution.status).toBe("SUCCEEDED");
  });
});

describe("stop", () => {
  test("in the middle of a download: at once, state kept; the next start goes on where it was", async () => {
    const { world, execution } = worldWithJob();
    world.server.fault = (_get, count) =>
      count === 1 ? { body: NEW.subarray(0, 9_500), stall: true } : undefined;
    const device = world.boot();
    const { agent } = agentOn(device);
    const reached = new Promise<void>((resolve) => {
      agent.on("progress", ({ bytes }) => bytes !== undefined && bytes >= 8_000 && resolve());
    });
    agent.start();
    await reached;
    await world.clock.run(agent.stop());
    expect(world.clock.monotonicMs()).toBe(0);
    expect(world.clock.pending).toBe(0);
    const [, kept] = /"offsetBytes":(\d+)/.exec(world.flash.state ?? "") ?? [];
    expect(Number(kept)).toBeGreaterThanOrEqual(8_000);
    agent.start();
    expect(await world.clock.run(device.power.off)).toBe("power-cut");
    expect(world.server.starts).toEqual([0, Number(kept)]);
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test.each([
    ["while it rests", "idle", true],
    ["while it waits to try again", "waiting", false],
  ] as const)("%s: no timer and no listener is left", async (_when, event, reachable) => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    world.cloud.reachable = reachable;
    const device = world.boot();
    const { agent, next } = agentOn(device);
    const rests = next(event);
    agent.start();
    await world.clock.run(rests);
    await world.clock.run(agent.stop());
    expect(world.clock.pending).toBe(0);
    const asked = world.cloud.published.length;
    world.cloud.reachable = true;
    world.cloud.addJob("job-1", documentOf(NEW, 1));
    await new Promise(setImmediate);
    expect(world.cloud.published.length).toBe(asked);
  });

  test("what does not end is left after a bounded time, and begins nothing more", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    let passFirst: ((passed: boolean) => void) | undefined;
    let entered: () => void = () => {};
    const inSelfTest = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const selfTest = async () => {
      if (passFirst !== undefined) return true;
      entered();
      return await new Promise<boolean>((resolve) => {
        passFirst = resolve;
      });
    };
    const { agent, next } = agentOn(world.boot(), { selfTest, stopTimeoutMs: 5_000 });
    agent.start();
    await world.clock.run(inSelfTest);
    const before = world.clock.monotonicMs();
    await world.clock.run(agent.stop());
    expect(world.clock.monotonicMs()).toBe(before + 5_000);
    const idle = next("idle");
    passFirst?.(true);
    await new Promise(setImmediate);
    expect(world.flash.running.confirmed).toBe(false);
    expect(execution.status).toBe("IN_PROGRESS");
    agent.start();
    await world.clock.run(idle);
    expect(world.flash.running.confirmed).toBe(true);
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("a self test that fails because the agent stops decides nothing: it runs again after the next start", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    const aborted = new AbortController();
    const calls: string[] = [];
    let entered: () => void = () => {};
    const inSelfTest = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const selfTest = async () => {
      calls.push("test");
      if (calls.length > 1) return true;
      entered();
      return await new Promise<boolean>((_resolve, reject) => {
        aborted.signal.addEventListener("abort", () => reject(new Error("aborted")));
      });
    };
    const { agent, next } = agentOn(world.boot(), { selfTest });
    agent.start();
    await world.clock.run(inSelfTest);
    const stopped = agent.stop();
    aborted.abort();
    await world.clock.run(stopped);
    expect(execution.status).toBe("IN_PROGRESS");
    const idle = next("idle");
    agent.start();
    await world.clock.run(idle);
    expect(calls).toEqual(["test", "test"]);
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("start twice is one run; stop without start is nothing", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const { agent, events, next } = agentOn(world.boot());
    await agent.stop();
    const idle = next("idle");
    agent.start();
    agent.start();
    await world.clock.run(idle);
    await new Promise(setImmediate);
    expect(events).toEqual(["idle"]);
    expect(world.cloud.published.length).toBe(1);
  });
});
