import fc from "fast-check";
import { expect, test } from "vitest";
import { documentOf, FakeWorld, imageOf } from "../src/testing/index.js";

const OLD = imageOf(1, 400);
const NEW = imageOf(2, 900);
const GOOD = documentOf(NEW, 1, { bc_version: "2.0.0", bc_model: "m", bc_min: "1.0.0" });

/** `npm run sweep` tries more. */
const [DOCUMENTS, PAYLOADS] = process.env["FOTA_SWEEP"] ? [12_000, 8_000] : [3_000, 2_000];

/** Any JSON value, or a valid document with some invalid keys. */
const anyDocument = fc.oneof(
  fc.anything(),
  fc.json().map((text) => JSON.parse(text) as unknown),
  fc
    .dictionary(fc.constantFrom(...Object.keys(GOOD), "bc_alt", "bc_sig"), fc.anything(), {
      minKeys: 1,
      maxKeys: 3,
    })
    .map((spoilt) => ({ ...GOOD, ...spoilt })),
  fc.constantFrom(...Object.keys(GOOD)).map((key) => ({ ...GOOD, [key]: undefined })),
);

/** As it would come over the wire. */
function sent(document: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(document) ?? "null");
  } catch {
    return null;
  }
}

test("B-27: no document throws, loops, touches another's job, or breaks the device", async () => {
  let ours = 0;
  await fc.assert(
    fc.asyncProperty(
      anyDocument,
      fc.constantFrom("QUEUED" as const, "IN_PROGRESS" as const),
      async (any, status) => {
        const world = new FakeWorld({ old: OLD, new: NEW });
        const document = sent(any);
        const execution = world.cloud.addJob("job-1", document);
        execution.status = status;
        const device = world.boot({ overrides: { model: "m", firmwareVersion: "1.5.0" } });
        const result = await device.handle({ force: true });
        expect(world.cloud.published.length).toBeLessThan(20);
        expect(Buffer.compare(world.flash.slotBytes(0), OLD)).toBe(0);
        const isOurs = (document as { operation?: unknown } | null)?.operation === "fota";
        if (!isOurs) expect(execution.status).toBe(status);
        else if (result !== "power-cut") expect(execution.status).toBe("FAILED");
        else expect(Buffer.compare(world.flash.slotBytes(1), NEW)).toBe(0);
        if (isOurs) ours += 1;
      },
    ),
    { numRuns: DOCUMENTS },
  );
  expect(ours).toBeGreaterThan(500);
});

test("B-23: no payload of the broker throws", async () => {
  const payload = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((text) => `{"execution":${text},"inProgressJobs":[${text}]}`),
  );
  await fc.assert(
    fc.asyncProperty(payload, fc.constantFrom("accepted", "rejected"), async (text, kind) => {
      const world = new FakeWorld({ old: OLD, new: NEW });
      world.cloud.addJob("job-1", GOOD);
      world.cloud.dropTokens = true;
      world.cloud.fault = (topic) => {
        world.cloud.send(`${topic}/${kind}`, text);
        return "lose";
      };
      expect(await world.boot().handle({ force: true })).toBeUndefined();
    }),
    { numRuns: PAYLOADS },
  );
});
