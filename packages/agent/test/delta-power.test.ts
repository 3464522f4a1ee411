import { isTerminal } from "@fota/shared";
import { expect, test } from "vitest";
import { createDelta } from "../src/delta.js";
import { type AnswerFault, documentOf, FakeWorld, Power } from "../src/testing/index.js";
import { type Cut, eachCut } from "./each-cut.js";
import { PATCH_URL } from "./patch-download.js";
import { entryOf, firmwareOf, frameStarts, makePatch, nextOf, sha256Of } from "./patches.js";

const OLD = firmwareOf(1, 16_000);
const NEW = nextOf(OLD, 26_000);
const PATCH = await makePatch(OLD, NEW);
const COMPRESSED = await makePatch(undefined, NEW);
const TUNING = { journalBytes: 4_000, journalIntervalMs: 0, bufferBytes: 2_000 };
const BOOTS_MAX = 12;
/** `npm run sweep` cuts the power at every point; without it, each call gets its share of points. */
const STRIDE = process.env["FOTA_SWEEP"] ? 1 : 4;

interface Story {
  /** The patch from `OLD`, or the compressed image. */
  patch: Uint8Array;
  compressed?: true;
  server?: AnswerFault;
  readsBack?: true;
  ends: "patch" | "compressed" | "whole:patch-invalid" | "whole:image-gone";
}

/** A patch whose last frame but one has an unknown kind. */
function damagedAtTheEnd(): Uint8Array {
  const damaged = PATCH.slice();
  damaged[frameStarts(PATCH).at(-2) ?? 0] = 9;
  return damaged;
}

const STORIES: Record<string, Story> = {
  "a patch": { patch: PATCH, ends: "patch" },
  "a patch, read back behind the writes": { patch: PATCH, readsBack: true, ends: "patch" },
  "a compressed image": { patch: COMPRESSED, compressed: true, ends: "compressed" },
  "a patch from a server that cuts each answer": {
    patch: PATCH,
    server: ({ url }) => (url === PATCH_URL ? { cutAfterBytes: 1_500 } : undefined),
    ends: "patch",
  },
  "a patch that is damaged near its end": {
    patch: damagedAtTheEnd(),
    ends: "whole:patch-invalid",
  },
  "a patch that is deleted after its first bytes": {
    patch: PATCH,
    server: ({ url }, count) => {
      if (url !== PATCH_URL) return undefined;
      return count === 1 ? { cutAfterBytes: 3_000 } : { status: 404, headers: {}, body: new Uint8Array(0) };
    },
    ends: "whole:image-gone",
  },
};

/** Runs one update, cutting the power at the given calls, one in each boot, then lets it finish. */
async function tell({ patch, compressed, server, readsBack }: Story, cuts: Cut[]) {
  const world = new FakeWorld({ old: OLD, new: NEW }, { readsBack: readsBack ?? false });
  world.server.others.set(PATCH_URL, patch);
  world.server.fault = server ?? world.server.fault;
  const bc_delta = [entryOf(compressed ? undefined : OLD, patch, PATCH_URL)];
  const execution = world.cloud.addJob("job-1", documentOf(NEW, 1, { bc_delta }));
  const left = [...cuts];
  const calls: number[] = [];
  let runningSlotWritten = false;
  for (let boot = 0; boot < BOOTS_MAX && !isTerminal(execution.status); boot += 1) {
    const cut = left.shift();
    const power = cut === undefined ? new Power() : new Power(cut.call, cut.point);
    const device = world.boot({ power, download: TUNING, overrides: { delta: createDelta() } });
    const { slot, image } = world.flash.running;
    await device.handle({ force: true });
    runningSlotWritten ||= Buffer.compare(image, world.flash.slotBytes(slot)) !== 0;
    calls.push(power.calls);
  }
  return { world, execution, calls, runningSlotWritten };
}

function check(told: Awaited<ReturnType<typeof tell>>, story: Story, cuts: unknown): void {
  const { world, execution, runningSlotWritten } = told;
  const at = JSON.stringify(cuts);
  const { via, fetchedBytes } = execution.statusDetails;
  expect(world.flash.deadBoots, `some slot boots, cut at ${at}`).toBe(0);
  expect(runningSlotWritten, `the running slot is only read, cut at ${at}`).toBe(false);
  const { image, confirmed } = world.flash.running;
  if (execution.status === "SUCCEEDED") {
    expect(sha256Of(image) === sha256Of(NEW) && confirmed, `SUCCEEDED is true, cut at ${at}`).toBe(true);
  } else {
    // A power cut in the trial reverts it.
    expect(execution.statusDetails["reason"], `cut at ${at}`).toBe("invalid fota");
    expect(sha256Of(image)).toBe(sha256Of(OLD));
  }
  expect(via, `cut at ${at}`).toBe(story.ends);
  expect(Number(fetchedBytes), `bytes are counted, cut at ${at}`).toBeGreaterThan(0);
  expect(world.server.sentBytes, `cut at ${at}`).toBeLessThan(
    1.5 * NEW.length + 2 * TUNING.journalBytes + PATCH.length,
  );
  const whole = world.server.gets.filter(({ url }) => url !== PATCH_URL);
  if (!story.ends.startsWith("whole")) expect(whole, `the patch is enough, cut at ${at}`).toEqual([]);
}

test.each(Object.entries(STORIES))("%s, undisturbed", async (_name, story) => {
  const told = await tell(story, []);
  expect(told.execution.status).toBe("SUCCEEDED");
  check(told, story, "nowhere");
});

test.each(Object.entries(STORIES))(
  "%s, the power cut at every port call of every boot",
  async (name, story) => {
    const undisturbed = await tell(story, []);
    let points = 0;
    for (const { cuts, at } of eachCut(undisturbed.calls, STRIDE)) {
      check(await tell(story, cuts), story, at);
      points += 1;
    }
    console.log(`power cut, ${name}: ${points} cut points`);
    expect(points).toBeGreaterThan(150 / STRIDE);
  },
);

test("a patch that power cuts interrupt again and again is given up for the whole image", async () => {
  const cuts = Array.from({ length: 9 }, () => ({ call: 40, point: "after" as const }));
  const { world, execution } = await tell({ patch: PATCH, ends: "patch" }, cuts);
  expect(execution.status).toBe("SUCCEEDED");
  expect(world.server.sentBytes).toBeLessThan(3 * NEW.length);
});
