import { deflateRawSync } from "node:zlib";
import { encodeDeltaHeader, PatchReader } from "@fota/shared";
import fc from "fast-check";
import { inflateSync } from "fflate";
import { expect, test } from "vitest";
import { patchDownload } from "./patch-download.js";
import { firmwareOf, frameStarts, makePatch, nextOf, sha256Of } from "./patches.js";

/** `npm run sweep` tries more. */
const RUNS = process.env["FOTA_SWEEP"] ? 50_000 : 800;

const FRAME_BYTES = 4096;
const OLD = firmwareOf(1, 7_000);
const NEW = nextOf(OLD, 9_000);
const PATCH = await makePatch(OLD, NEW);
const HEADER = PATCH.subarray(0, frameStarts(PATCH)[0]);
const IMAGE = { sizeBytes: NEW.length, sha256: sha256Of(NEW) };

/** A few bytes of the patch are others. */
const damaged = fc
  .array(fc.tuple(fc.nat(PATCH.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  .map((changes) => {
    const patch = PATCH.slice();
    for (const [at, value] of changes) patch[at] = value;
    return patch;
  });
const cutOff = fc.nat(PATCH.length - 1).map((length) => PATCH.slice(0, length));
const extended = fc
  .uint8Array({ minLength: 1, maxLength: 50 })
  .map((more) => Uint8Array.from([...PATCH, ...more]));

/** Numbers of operations: valid, near the bounds, and huge. */
const varint = fc
  .oneof(fc.nat(300), fc.nat(20_000), fc.constantFrom(0, 4095, 4096, 4097, 13_999, 14_000, 2 ** 48))
  .map((value) => {
    const bytes: number[] = [];
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    return [...bytes, rest];
  });
const payload = fc.oneof(
  fc
    .tuple(fc.array(varint, { maxLength: 40 }), fc.constantFrom(808, 4095, 4096, 4097, 60_000))
    .map(([ops, bytes]) =>
      deflateRawSync(Buffer.concat([Uint8Array.from(ops.flat()), Buffer.alloc(bytes, 1)])),
    ),
  fc.uint8Array({ maxLength: 20 }),
  fc.constant(deflateRawSync(Buffer.alloc(4_000_000))), // one frame that would be 4 MB
);
/** Frames that are well-formed outside, with any operations inside. */
const made = fc.array(fc.tuple(fc.nat(4), payload), { minLength: 1, maxLength: 4 }).map((frames) => {
  const parts = frames.map(([kind, bytes]) => {
    const header = Buffer.alloc(5);
    header[0] = kind;
    header.writeUInt32LE(bytes.length, 1);
    return Buffer.concat([header, bytes]);
  });
  return Uint8Array.from(Buffer.concat([HEADER, ...parts]));
});
const anyPatch = fc.oneof(damaged, cutOff, extended, made);

test("no patch reads outside the old image, makes more than the new one, or loops", {
  timeout: 600_000,
}, async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(anyPatch, fc.integer({ min: 1, max: 3_000 }), async (patch, pieceBytes) => {
      let [stored, frames] = [0, 0];
      const reader = new PatchReader({
        image: IMAGE,
        from: { sizeBytes: OLD.length, sha256: sha256Of(OLD) },
        inflate: (bytes, out) => inflateSync(bytes, { out }).length,
        readOld: async (offsetBytes, bytes) => {
          expect(offsetBytes).toBeGreaterThanOrEqual(0);
          expect(offsetBytes + bytes.length).toBeLessThanOrEqual(OLD.length);
        },
      });
      const store = async (bytes: Uint8Array) => {
        stored += bytes.length;
        frames += 1;
        expect(bytes.length).toBeLessThanOrEqual(FRAME_BYTES);
      };
      try {
        for (let at = 0; at < patch.length; at += pieceBytes) {
          await reader.write(patch.subarray(at, at + pieceBytes), store);
        }
      } catch (error) {
        expect(error).toMatchObject({ code: "DELTA_INVALID" });
        refused += 1;
      }
      expect(stored).toBeLessThanOrEqual(NEW.length);
      expect(frames).toBeLessThanOrEqual(3);
    }),
    { numRuns: RUNS },
  );
  console.log(`the reader refused ${refused} of ${RUNS} patches`);
  expect(refused).toBeGreaterThan(RUNS / 4);
});

/** Downloads `NEW` to slot 1 as this patch. */
async function download(patch: Uint8Array) {
  const made = await patchDownload({ old: OLD, image: NEW, patch });
  return { ...made, result: await made.start() };
}

test("no patch keeps the agent from the image, and none costs more than it may", {
  timeout: 600_000,
}, async () => {
  const ways: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(anyPatch, async (patch) => {
      const { flash, server, power, result } = await download(patch);
      expect(result.kind).toBe("downloaded");
      expect(Buffer.compare(flash.slotBytes(1), NEW)).toBe(0);
      expect(Buffer.compare(flash.slotBytes(0), OLD)).toBe(0);
      expect(server.gets.length).toBeLessThanOrEqual(2);
      expect(server.sentBytes).toBeLessThanOrEqual(1.5 * NEW.length);
      expect(power.trace.filter((call) => call === "slots.erase").length).toBeLessThanOrEqual(2);
      const via = (result.kind === "downloaded" && result.download?.via) || "none";
      ways[via] = (ways[via] ?? 0) + 1;
    }),
    { numRuns: RUNS },
  );
  console.log("ways of the agent:", JSON.stringify(ways));
  expect(ways["whole:patch-invalid"]).toBeGreaterThan(RUNS / 4);
});

test("a header that asks for the largest frames takes no memory before it is checked", async () => {
  const header = encodeDeltaHeader({
    frameBytes: 1_048_576,
    image: { sizeBytes: 2 ** 50, sha256: "0".repeat(64) },
  });
  const { result } = await download(Uint8Array.from([...header, 1, 255, 255, 255, 255, ...PATCH]));
  expect(result).toMatchObject({ kind: "downloaded", download: { via: "whole:patch-invalid" } });
});
