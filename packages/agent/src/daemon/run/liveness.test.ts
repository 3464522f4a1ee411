import * as v from "valibot";
import { expect, test } from "vitest";
import { configSchema } from "../config/schema.js";
import { Liveness, stepLimitMs } from "./liveness.js";

const HOUR_MS = 3_600_000;

test("a step hangs when its next sign does not come within the limit", () => {
  let nowMs = 0;
  const liveness = new Liveness(() => nowMs);
  liveness.limitSteps(1_000);
  liveness.note("looking for jobs");
  nowMs = 999;
  expect(liveness.findHang()).toBeUndefined();
  nowMs = 1_000;
  expect(liveness.findHang()).toBe("no progress for too long (looking for jobs)");
  liveness.note("update: downloading");
  expect(liveness.findHang()).toBeUndefined();
});

test("a wait moves the limit, and an agent at rest never hangs", () => {
  let nowMs = 0;
  const liveness = new Liveness(() => nowMs);
  liveness.limitSteps(1_000);
  liveness.note("waiting to try again", 5_000);
  nowMs = 5_999;
  expect(liveness.findHang()).toBeUndefined();
  liveness.rest();
  nowMs = 1e12;
  expect(liveness.findHang()).toBeUndefined();
});

const IDENTITY = { endpoint: "localhost", thingName: "pump", cert: "c", key: "k", ca: "a" };

test.each([
  [{}, 0, HOUR_MS + 390_000],
  [{ hooks: { timeLimitSeconds: 7_200 } }, 0, HOUR_MS + 330_000 + 7_200_000],
  [{ slots: { type: "rauc", installTimeoutSeconds: 9_000 } }, 0, HOUR_MS + 390_000 + 9_000_000],
  [{ slots: { type: "command", command: ["c"], timeoutSeconds: 600 } }, 0, HOUR_MS + 390_000 + 600_000],
  [{}, 8_000_000_000, HOUR_MS + 390_000 + 8_000_000],
  [{}, Number.MAX_SAFE_INTEGER, HOUR_MS + 390_000 + 17_179_869],
])("with %j and slots of %d bytes, a step may take %d ms", (config, slotSizeBytes, limitMs) => {
  const parsed = v.parse(configSchema, { ...IDENTITY, ...config });
  expect(Math.floor(stepLimitMs(parsed, slotSizeBytes))).toBe(limitMs);
});
