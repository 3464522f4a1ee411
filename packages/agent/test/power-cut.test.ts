import { isTerminal, parseJobDocument } from "@fota/shared";
import { expect, test } from "vitest";
import { keysOf, linkSignedBy, nodeVerify, signedBy, testKey } from "../../shared/test/signing.js";
import type { HookAnswer, Hooks } from "../src/index.js";
import { type AnswerFault, documentOf, FakeWorld, imageOf, Power } from "../src/testing/index.js";
import { type Cut, eachCut, POINTS } from "./each-cut.js";

const OLD = imageOf(1, 5_000);
const NEW = imageOf(2, 20_000);
const TUNING = { journalBytes: 4_000, journalIntervalMs: 0, bufferBytes: 2_000 };
/** Boots in which any of these stories must end. */
const BOOTS_MAX = 12;

interface Story {
  server?: AnswerFault;
  boots?: (image: Uint8Array) => boolean;
  readsBack?: true;
  /** What slot 1 holds before. */
  held?: Uint8Array;
  selfTest?: () => Promise<boolean>;
  /** Made anew for each boot, as a process is. */
  hooks?: () => Hooks;
  /** The device trusts `ANN`; the document brings the keys of `BOB` and the sequence number 5. */
  signed?: true;
  /** How the job ends if no cut disturbs it. */
  ends: "SUCCEEDED" | "FAILED" | "REJECTED";
}

/** Defers the first question by a second, as an owner who is busy. */
function busyOnce(): () => HookAnswer {
  let asked = 0;
  return () => (++asked === 1 ? { deferMs: 1_000 } : "allow");
}

const onceWithoutRange: AnswerFault = ({ headers }, count) => {
  if (count === 1) return { cutAfterBytes: 9_000 };
  return count === 2 && headers["range"] !== undefined ? { status: 200, headers: {}, body: NEW } : undefined;
};

const [ANN, BOB] = [testKey(1, "ann"), testKey(2, "bob")];
const TRUST = { keys: keysOf(ANN), verify: nodeVerify };

function signedDocument(): object {
  const keys: [string, string][] = [["bob", BOB.publicKey]];
  const bc_keys = [linkSignedBy({ v: 2, t: 1, keys }, ANN, BOB)];
  return signedBy(parseJobDocument(documentOf(NEW, 1, { bc_seq: 5, bc_keys })), BOB);
}

const isNew = (image: Uint8Array) => same(image, NEW);

const STORIES: Record<string, Story> = {
  "a good image": { ends: "SUCCEEDED", selfTest: async () => true },
  "a slot that is read back behind the writes, from zero after a server that once ignores Range": {
    ends: "SUCCEEDED",
    readsBack: true,
    server: onceWithoutRange,
  },
  "a server that once ignores Range": {
    ends: "SUCCEEDED",
    server: onceWithoutRange,
  },
  "a slot that holds the image already": { ends: "SUCCEEDED", held: NEW },
  "a slot that holds half of the image": { ends: "SUCCEEDED", held: NEW.subarray(0, 10_000) },
  "a server that never resumes": {
    ends: "FAILED",
    server: () => ({ status: 200, headers: {}, body: NEW, cutAfterBytes: 3_000 }),
  },
  "an owner who defers each step": {
    ends: "SUCCEEDED",
    hooks: () => ({ beforeDownload: busyOnce(), beforeInstall: busyOnce(), beforeReset: busyOnce() }),
  },
  "an owner who refuses the reset": {
    ends: "REJECTED",
    hooks: () => ({ beforeReset: () => ({ refuse: "not now" }) }),
  },
  "a signed release with new keys": { ends: "SUCCEEDED", signed: true },
  "a signed release that fails its self test": {
    ends: "FAILED",
    signed: true,
    selfTest: async () => false,
  },
  "an image that crashes at boot": { ends: "FAILED", boots: (image) => !isNew(image) },
  "an image that fails its self test": { ends: "FAILED", selfTest: async () => false },
};

/** Runs one update, cutting the power at the given calls, one after the other; then lets it come to its end. */
async function tell(story: Story, cuts: Cut[]) {
  const world = new FakeWorld(
    { old: OLD, new: NEW },
    {
      ...(story.boots !== undefined && { boots: story.boots }),
      ...(story.readsBack !== undefined && { readsBack: story.readsBack }),
    },
  );
  world.server.fault = story.server ?? world.server.fault;
  const execution = world.cloud.addJob("job-1", story.signed ? signedDocument() : documentOf(NEW, 1));
  if (story.held !== undefined) {
    const { slots } = world.boot().device;
    await slots.write(1, 0, story.held);
    await slots.sync(1);
  }
  const left = [...cuts];
  const calls: number[] = [];
  let runningSlotWritten = false;
  for (let boot = 0; boot < BOOTS_MAX; boot += 1) {
    const cut = left.shift();
    const power = cut === undefined ? new Power() : new Power(cut.call, cut.point);
    const { selfTest, hooks } = story;
    const own = { ...hooks?.(), ...(selfTest !== undefined && { selfTest }) };
    const trust = story.signed && TRUST;
    const device = world.boot({ power, download: TUNING, trust, ...own });
    const before = world.flash.running.image;
    let result = await device.handle({ force: true });
    for (let more = 0; result !== "power-cut" && !isTerminal(execution.status) && more < 6; more += 1) {
      await world.clock.run(world.clock.sleep(1_000));
      result = await device.handle();
    }
    runningSlotWritten ||= !same(before, world.flash.slotBytes(world.flash.running.slot));
    calls.push(power.calls);
    if (result !== "power-cut" && isTerminal(execution.status)) break;
  }
  return { world, execution, calls, runningSlotWritten };
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The keys of a document that was acted on are kept; its number counts exactly if its image is confirmed. */
function checkTrust(world: FakeWorld, status: string, at: string): void {
  const { keySet, seq } = JSON.parse(world.flash.trust ?? "{}");
  expect(keySet?.version, `the new keys are kept, cut at ${at}`).toBe(2);
  expect(seq, `the number follows the confirm, cut at ${at}`).toBe(status === "SUCCEEDED" ? 5 : undefined);
}

function check(told: Awaited<ReturnType<typeof tell>>, story: Story, cuts: unknown): void {
  const { world, execution, runningSlotWritten } = told;
  const at = JSON.stringify(cuts);
  expect(world.flash.deadBoots, `some slot boots, cut at ${at}`).toBe(0);
  expect(runningSlotWritten, `the running slot is not written, cut at ${at}`).toBe(false);
  expect(isTerminal(execution.status), `the job ends, cut at ${at}: ${execution.status}`).toBe(true);
  expect(JSON.parse(world.flash.state ?? ""), `nothing is left to do, cut at ${at}`).toMatchObject({
    state: { phase: "idle" },
  });
  const { image, confirmed } = world.flash.running;
  if (execution.status === "SUCCEEDED") {
    expect(isNew(image) && confirmed, `SUCCEEDED is true, cut at ${at}`).toBe(true);
  } else {
    expect(same(image, OLD), `${execution.status} is true, cut at ${at}`).toBe(true);
    expect(execution.statusDetails["reason"]).toMatch(
      /^(invalid fota|self-test-failed|refused|download-failed)$/,
    );
    expect(execution.status === "REJECTED").toBe(execution.statusDetails["reason"] === "refused");
  }
  if (story.ends === "FAILED") expect(execution.status).toBe("FAILED");
  if (story.signed) checkTrust(world, execution.status, at);
  const fromZero = world.server.starts.filter((start) => start === 0).length;
  expect(fromZero, `bytes 0 are fetched again only when few came, cut at ${at}`).toBeLessThanOrEqual(2);
}

test.each(Object.entries(STORIES))("%s, undisturbed, ends as it must", async (_name, story) => {
  const told = await tell(story, []);
  expect(told.execution.status).toBe(story.ends);
  check(told, story, "nowhere");
});

test.each(Object.entries(STORIES))(
  "%s, the power cut at every port call of every boot",
  async (name, story) => {
    const undisturbed = await tell(story, []);
    let points = 0;
    for (const { cuts, at } of eachCut(undisturbed.calls)) {
      check(await tell(story, cuts), story, { ...at, trace: name });
      points += 1;
    }
    console.log(`power cut, ${name}: ${points} cut points`);
    expect(points).toBeGreaterThan(150);
  },
);

test.each(["a good image", "a server that once ignores Range", "an owner who defers each step"])(
  "%s, cut once outside its trial, still ends in SUCCEEDED",
  async (name) => {
    const story = STORIES[name] as Story;
    const [first = 0] = (await tell(story, [])).calls;
    for (let call = 1; call <= first; call += 1) {
      for (const point of POINTS) {
        const { execution } = await tell(story, [{ call, point }]);
        expect(execution.status, `cut ${point} call ${call}`).toBe("SUCCEEDED");
      }
    }
  },
);

test("a good image, cut twice: pairs of cuts from the scheduled trial to the last report", async () => {
  const story = STORIES["a good image"] as Story;
  const [first = 0, second = 0] = (await tell(story, [])).calls;
  for (let call = first - 12; call <= first; call += 1) {
    for (let later = 1; later <= second; later += 1) {
      const cuts = [
        { call, point: "after" },
        { call: later, point: "after" },
      ] as const;
      check(await tell(story, [...cuts]), story, cuts);
    }
  }
});
