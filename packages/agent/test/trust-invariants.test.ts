import { isTerminal, type JobDocument } from "@fota/shared";
import fc from "fast-check";
import { expect, test } from "vitest";
import { keysOf, signedBy } from "../../shared/test/signing.js";
import type { HookAnswer } from "../src/index.js";
import { type CutPoint, imageOf, Power } from "../src/testing/index.js";
import { ann, bob, release, TrustedDevice, V1 } from "./trusted-device.js";

// Random moves of someone who has the cloud, the power switch of the device and every document that was ever signed: the
// confirmed release never becomes an older one, nothing else ever runs, and the next release still arrives.
// `npm run sweep` tries more.

/** Releases by their number; the device starts with number 1. The signers allow every downgrade by version. */
const IMAGES = [imageOf(66, 4_000), V1, ...[2, 3, 4, 5].map((number) => imageOf(number, 3_000 + number))];
const MALWARE = 0;
const LAST = IMAGES.length - 1;

function documentOf(number: number): JobDocument {
  const image = IMAGES[number] ?? V1;
  const [first, second] = [1, 0].map((slot) => release(image, { bc_version: "1.0.0" }, slot));
  if (first === undefined || second === undefined) throw new Error("no slot");
  const { bc_idx, bc_crc, bc_size, bc_url, bc_sha256 = "" } = second;
  const bc_alt = [{ bc_idx, bc_crc, bc_size, bc_url, bc_sha256 }];
  return { ...first, bc_alt, bc_seq: number === MALWARE ? LAST + 1 : number, bc_down: true };
}

const SIGNED = IMAGES.map((_, number) =>
  signedBy(documentOf(number), ann, ...(number === MALWARE ? [] : [bob])),
);

interface Move {
  /** The documents of jobs that are created now, by release. */
  jobs: number[];
  /** They are IN_PROGRESS, though the device did not say so. */
  inProgress: boolean;
  /** Each look at a document shows the one of this release instead, from the second look on. */
  swapTo: number | undefined;
  /** The object behind every URL. */
  served: number;
  selfTest: boolean;
  defers: boolean;
  /** At which port call of which boot the power fails. */
  cuts: { call: number; point: CutPoint }[];
}

const number = fc.integer({ min: MALWARE, max: LAST - 1 });
const moveArbitrary: fc.Arbitrary<Move> = fc.record({
  jobs: fc.array(number, { minLength: 1, maxLength: 2 }),
  inProgress: fc.boolean(),
  swapTo: fc.option(number, { nil: undefined }),
  served: number,
  selfTest: fc.boolean(),
  defers: fc.boolean(),
  cuts: fc.array(
    fc.record({
      call: fc.integer({ min: 1, max: 60 }),
      point: fc.constantFrom<CutPoint>("before", "during", "after"),
    }),
    { maxLength: 3 },
  ),
});

function numberOf(image: Uint8Array): number {
  return IMAGES.findIndex((other) => Buffer.compare(other, image) === 0);
}

async function makeMove(device: TrustedDevice, move: Move): Promise<void> {
  const { cloud, server, clock } = device.world;
  for (const release of move.jobs) {
    const execution = cloud.addJob(`job-${cloud.executions.length}`, SIGNED[release]);
    if (move.inProgress) execution.status = "IN_PROGRESS";
  }
  let looks = 0;
  cloud.fillIn = (document) => (move.swapTo !== undefined && ++looks > 1 ? SIGNED[move.swapTo] : document);
  for (let boot = 0; boot < 5; boot += 1) {
    server.object = IMAGES[boot % 2 === 0 ? (move.jobs[0] ?? 0) : move.served] ?? V1;
    const cut = move.cuts[boot];
    let asked = 0;
    const beforeDownload = (): HookAnswer => (move.defers && ++asked === 1 ? { deferMs: 1_000 } : "allow");
    const power = cut === undefined ? new Power() : new Power(cut.call, cut.point);
    const { handle } = device.boot({ power, selfTest: () => move.selfTest, beforeDownload });
    await handle({ force: true });
    if (!power.isOff) await clock.run(clock.sleep(2_000));
    if (!power.isOff) await handle({ force: true });
  }
}

test("whatever someone with the cloud and one stolen key does, the confirmed release only grows", async () => {
  const property = fc.asyncProperty(
    fc.array(moveArbitrary, { minLength: 1, maxLength: 4 }),
    async (moves) => {
      const device = new TrustedDevice({ keys: keysOf(ann, bob), threshold: 2, seq: 1 });
      const { flash, cloud } = device.world;
      let confirmed = 1;
      for (const move of moves) {
        await makeMove(device, move);
        const now = numberOf(flash.slotBytes(flash.record.workingSlot));
        expect(now).toBeGreaterThanOrEqual(confirmed);
        expect(numberOf(flash.running.image)).toBeGreaterThan(MALWARE);
        expect(flash.deadBoots).toBe(0);
        confirmed = now;
      }
      for (const execution of cloud.executions) if (!isTerminal(execution.status)) cloud.cancel(execution);
      const plain: Move = {
        jobs: [LAST],
        inProgress: false,
        swapTo: undefined,
        served: LAST,
        selfTest: true,
        defers: false,
        cuts: [],
      };
      await makeMove(device, plain);
      expect(cloud.executions.at(-1)?.status).toBe("SUCCEEDED");
      expect(numberOf(flash.slotBytes(flash.record.workingSlot))).toBe(LAST);
    },
  );
  await fc.assert(property, { numRuns: process.env["FOTA_SWEEP"] ? 1_000 : 60 });
});
