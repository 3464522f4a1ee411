import { isTerminal } from "@fota/shared";
import { describe, expect, test } from "vitest";
import { FotaAgent, type FotaAgentOptions } from "../src/index.js";
import {
  type AnswerFault,
  documentOf,
  type FakeExecution,
  FakeWorld,
  imageOf,
  type MessageFault,
} from "../src/testing/index.js";

const OLD = imageOf(1, 5_000);
const NEW = imageOf(2, 20_000);
const BUFFER_BYTES = 2_000;
const JOURNAL_BYTES = 4_000;
const DOWNLOAD = { journalBytes: JOURNAL_BYTES, journalIntervalMs: 0, bufferBytes: BUFFER_BYTES };
/** Boots in which any of these stories must end. */
const BOOTS_MAX = 6;
/** Longer than a request waits for its answer: what is so late meets its own repetition. */
const LATE_MS = 15_000;
/** More messages than any of these stories needs: the device asks again and again. */
const STORM = 100;

interface Link {
  message?: (count: number, status: string | undefined) => MessageFault | undefined;
  answer?: AnswerFault;
  /** Called before a message is answered, counted from 1. */
  before?: (world: FakeWorld, execution: FakeExecution, count: number) => void;
  /** Called at the first GET, before it is answered. */
  onDownload?: (world: FakeWorld, execution: FakeExecution) => void;
  options?: FotaAgentOptions;
}

/** One update with `FotaAgent` behind such a link, from boot to boot until the job has ended and all rests. */
async function tell({ message, answer, before, onDownload, options }: Link) {
  const world = new FakeWorld({ old: OLD, new: NEW });
  world.cloud.later = (action) => void world.clock.after(LATE_MS, action);
  const execution = world.cloud.addJob("job-1", documentOf(NEW, 1));
  world.server.fault = (get, count) => {
    if (count === 1) onDownload?.(world, execution);
    return answer?.(get, count);
  };
  let giveUp: (end: "storm") => void;
  const storm = new Promise<"storm">((resolve) => {
    giveUp = resolve;
  });
  world.cloud.fault = (_topic, { status }, count) => {
    if (count === STORM) giveUp("storm");
    before?.(world, execution, count);
    return message?.(count, status);
  };
  for (let boot = 0; boot < BOOTS_MAX; boot += 1) {
    const device = world.boot();
    const agent = new FotaAgent(device.device, device.jobs, { download: DOWNLOAD, ...options });
    const rests = new Promise<"idle">((resolve) => agent.on("idle", () => resolve("idle")));
    agent.start();
    const end = await world.clock.run(Promise.race([device.power.off, rests, storm]));
    if (end !== "power-cut") {
      await world.clock.run(world.clock.sleep(2 * LATE_MS)); // what is still on its way arrives
      await world.clock.run(agent.stop());
      break;
    }
  }
  return { world, execution };
}

function check({ world, execution }: { world: FakeWorld; execution: FakeExecution }, about: string): void {
  expect(isTerminal(execution.status), `the job ends, ${about}: ${execution.status}`).toBe(true);
  expect(execution.status, `it was a link, not the image, ${about}`).toBe("SUCCEEDED");
  const { slot, image, confirmed } = world.flash.running;
  const isTrue = slot === 1 && confirmed && Buffer.compare(image, NEW) === 0;
  expect(isTrue, `SUCCEEDED is true, ${about}`).toBe(true);
  expect(world.flash.state, `nothing is left to do, ${about}`).toContain('"idle"');
  const ends = world.cloud.accepted.filter((status) => status !== "IN_PROGRESS");
  expect(ends, `one end is taken, ${about}`).toEqual(["SUCCEEDED"]);
  expect(world.cloud.published.length, `no storm of messages, ${about}`).toBeLessThan(60);
}

const FAULTS: MessageFault[] = [
  "lose",
  "loseAnswer",
  "doubleRequest",
  "double",
  "delay",
  "delayAnswer",
  "disconnect",
  { code: "RequestThrottled" },
  { code: "InternalError" },
];

test.each([
  ["closed for the download", { disconnectMqtt: true }],
  ["kept", { disconnectMqtt: false, progress: { minIntervalMs: 0, stepPercent: 25 } }],
] as const)(
  "each message lost, doubled, delayed, refused, one at a time; connection %s",
  async (how, options) => {
    const undisturbed = await tell({ options });
    check(undisturbed, "undisturbed");
    const messages = undisturbed.world.cloud.published.length;
    for (let nth = 1; nth <= messages; nth += 1) {
      for (const fault of FAULTS) {
        const told = await tell({ options, message: (count) => (count === nth ? fault : undefined) });
        check(told, `message ${nth}: ${JSON.stringify(fault)}`);
      }
    }
    const runs = messages * FAULTS.length;
    console.log(`link, connection ${how}: ${messages} messages x ${FAULTS.length} faults = ${runs} runs`);
    expect(messages).toBeGreaterThanOrEqual(7);
  },
);

test.each(FAULTS)("the final report meets %j ten times in a row", async (fault) => {
  let met = 0;
  const told = await tell({
    message: (_count, status) => (status === "SUCCEEDED" && ++met <= 10 ? fault : undefined),
  });
  check(told, "final report");
  // A report that arrived is not sent again for nothing.
  if (fault === "doubleRequest" || fault === "double") expect(met).toBe(1);
});

test("every other message is lost, for the whole update", async () => {
  check(await tell({ message: (count) => (count % 2 === 1 ? "lose" : undefined) }), "odd ones lost");
  check(await tell({ message: (count) => (count % 2 === 1 ? "loseAnswer" : undefined) }), "odd answers lost");
});

test("a notification that is lost with the link is made good by the reconnection", async () => {
  const world = new FakeWorld({ old: OLD, new: NEW });
  const device = world.boot();
  const agent = new FotaAgent(device.device, device.jobs, { download: DOWNLOAD });
  const rests = new Promise<void>((resolve) => void agent.on("idle", resolve));
  agent.start();
  await world.clock.run(rests);
  const { send } = world.cloud;
  world.cloud.send = () => {};
  world.cloud.addJob("job-1", documentOf(NEW, 1));
  world.cloud.send = send;
  world.cloud.dropLink();
  expect(await world.clock.run(device.power.off)).toBe("power-cut");
});

/** What an operator or the service does to an execution that a device works on. */
const ENDS: Record<string, (world: FakeWorld, execution: FakeExecution) => void> = {
  canceled: (world, execution) => world.cloud.cancel(execution),
  "timed out": (_world, execution) => {
    execution.status = "TIMED_OUT";
  },
  removed: (world) => void world.cloud.executions.splice(0),
};

test.each(
  Object.keys(ENDS).flatMap(
    (end) =>
      [
        [end, { disconnectMqtt: true }],
        [end, { disconnectMqtt: false, progress: { minIntervalMs: 0, stepPercent: 25 } }],
      ] as const,
  ),
)("the execution is %s before each message of the update is answered, %o", async (end, options) => {
  const undisturbed = await tell({ options });
  const finalReport =
    1 + undisturbed.world.cloud.published.findIndex(({ payload }) => payload.status === "SUCCEEDED");
  expect(finalReport).toBeGreaterThan(4);
  for (let nth = 1; nth <= finalReport; nth += 1) {
    const about = `${end} before message ${nth} of ${finalReport}`;
    const { world } = await tell({
      options,
      before: (told, execution, count) => void (count === nth && ENDS[end]?.(told, execution)),
    });
    expect(world.flash.state ?? "idle", `nothing is left to do, ${about}`).toContain("idle");
    const confirmed = nth === finalReport; // only its report arrives too late
    expect(world.flash.running, about).toEqual({
      slot: confirmed ? 1 : 0,
      image: confirmed ? NEW : OLD,
      confirmed: true,
    });
    const ends = world.cloud.accepted.filter((status) => status !== "IN_PROGRESS");
    expect(ends, `the service was told of no end, ${about}`).toEqual([]);
    expect(world.cloud.published.length, `no storm of messages, ${about}`).toBeLessThan(30);
  }
});

const EXPIRED_ONCE: AnswerFault = (_get, count) =>
  count === 1 ? { status: 403, headers: {}, body: new Uint8Array() } : undefined;
const NO_REPORTS = { minIntervalMs: Number.MAX_SAFE_INTEGER, stepPercent: 100 };

describe.each(Object.keys(ENDS))("the execution is %s while the image comes", (end) => {
  test.each([
    ["its URL has expired; connection closed", { answer: EXPIRED_ONCE, options: { disconnectMqtt: true } }],
    ["its URL has expired; connection kept", { answer: EXPIRED_ONCE, options: { disconnectMqtt: false } }],
    ["the link comes back", { options: { disconnectMqtt: false, progress: NO_REPORTS } }],
  ] satisfies [string, Link][])(
    "%s: the answer to the next question ends all, and nothing more is reported",
    async (how, link) => {
      let said = 0;
      const { world } = await tell({
        ...link,
        onDownload: (told, execution) => {
          ENDS[end]?.(told, execution);
          said = told.cloud.published.length;
          if (how === "the link comes back") told.cloud.dropLink();
        },
      });
      const since = world.cloud.published.slice(said).map(({ topic }) => topic);
      const aboutJob = new Set(since.filter((topic) => topic.includes("/job-1/")));
      expect([...aboutJob]).toEqual(["$aws/things/thing-1/jobs/job-1/get"]);
      expect(since.length, "no storm of messages").toBeLessThan(8);
      expect(world.server.gets.length, "the image is not asked for again").toBe(1);
      expect(world.flash.state).toContain('"idle"');
      expect(world.flash.running).toEqual({ slot: 0, image: OLD, confirmed: true });
    },
  );
});

/** Around the ends of the body, of pieces, of writes and of journals. */
const CUTS = [...new Set([0, 1, 999, 1_000, BUFFER_BYTES, JOURNAL_BYTES, 10_000, NEW.length - 1, NEW.length])]
  .flatMap((at) => [at - 1, at, at + 1])
  .filter((at, i, all) => at >= 0 && at <= NEW.length && all.indexOf(at) === i);

test("each HTTP answer cut at each interesting byte, and the answer after it too", async () => {
  let runs = 0;
  for (const first of CUTS) {
    for (const second of [
      undefined,
      0,
      1,
      BUFFER_BYTES - 1,
      BUFFER_BYTES,
      JOURNAL_BYTES,
      NEW.length - first - 1,
    ]) {
      const cuts = [first, second];
      const told = await tell({
        answer: (_get, count) => {
          const cutAfterBytes = cuts[count - 1];
          return cutAfterBytes === undefined ? undefined : { cutAfterBytes };
        },
      });
      const about = `answers cut at ${first}, then ${second}`;
      check(told, about);
      const { starts } = told.world.server;
      const isWhole = first === NEW.length;
      expect(starts[1], `no byte is fetched twice, ${about}`).toBe(isWhole ? undefined : first);
      const atZero = starts.filter((start) => start === 0).length;
      expect(atZero, `byte 0 is fetched again only when none came, ${about}`).toBeLessThanOrEqual(
        first === 0 ? 3 : 1,
      );
      runs += 1;
    }
  }
  console.log(`link: ${runs} runs with cut HTTP answers`);
  expect(runs).toBeGreaterThan(100);
});
