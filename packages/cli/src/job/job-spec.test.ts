import { expect, test } from "vitest";
import type { PublishRequest } from "../publish/request.js";
import type { FileSettings } from "../settings/config-schema.js";
import { orderOf } from "./job-spec.js";

const now = new Date("2026-11-24T08:00:00Z");
const least: PublishRequest = { images: ["app.bin"], to: ["pump-1"], bucket: "fw-releases" };

function order(
  more: Partial<PublishRequest> = {},
  file: FileSettings = {},
  env: Record<string, string> = {},
) {
  return orderOf({ ...least, ...more }, { file, env, now });
}

test("an option comes before the environment, and that before the file", () => {
  const file = { bucket: "from-file", prefix: "file", expires: "1h", slot: 1, model: "m1" };
  const env = { FOTA_BUCKET: "from-env", FOTA_PREFIX: "env", FOTA_EXPIRES: "2h" };
  const given = order({ slot: 2, model: "m2", prefix: "/given/", expires: "3h" }, file, env);
  expect(given).toMatchObject({ bucket: "fw-releases", prefix: "given", slot: 2, model: "m2" });
  expect(given.presign).toEqual({ by: "cli", expiresInSeconds: 10_800 });
  const { bucket: _none, ...without } = least;
  expect(orderOf(without, { file, env, now })).toMatchObject({ bucket: "from-env", prefix: "env", slot: 1 });
  expect(orderOf(without, { file, env: {}, now })).toMatchObject({ bucket: "from-file", prefix: "file" });
});

test("images may say their slots", () => {
  expect(order({ images: ["0=a.bin", "1=out/b=c.bin", "x=d.bin"] }).images).toEqual([
    { path: "a.bin", slot: 0 },
    { path: "out/b=c.bin", slot: 1 },
    { path: "x=d.bin", slot: undefined },
  ]);
});

test("a preset gives what no option does", () => {
  const file = { rollouts: { careful: { rate: "10/min", timeout: "30m", start: "+1d" } } };
  const { rollout, scheduleTexts } = order({ rollout: "careful", rate: "20/min" }, file);
  expect(rollout).toEqual({ ratePerMinute: 20, timeoutMinutes: 30, abortOn: [], retries: [] });
  expect(scheduleTexts).toEqual({ start: "+1d" });
  expect(() => order({ rollout: "bold" }, file)).toThrow(
    expect.objectContaining({ code: "ROLLOUT_INVALID", hint: "it has careful" }),
  );
});

test("AWS IoT presigns for an hour unless told otherwise", () => {
  const presign = { presign: "iot", role: "fota" };
  expect(order(presign).presign).toEqual({ by: "iot", role: "fota", expiresInSeconds: 3_600 });
  expect(order({ ...presign, expires: "60s" }).presign).toMatchObject({ expiresInSeconds: 60 });
});

test("more than 100 targets need a group", () => {
  const to = Array.from({ length: 101 }, (_, i) => `pump-${i}`);
  expect(() => order({ to })).toThrow(
    expect.objectContaining({ code: "TOO_MANY_TARGETS", hint: expect.stringContaining("--make-group") }),
  );
  expect(order({ to, makeGroup: "spring" }).targets).toHaveLength(101);
});

test("a model that the file marks is a legacy one, unless told otherwise", () => {
  const file = { legacyModels: ["z1"] };
  expect(order({ model: "z1" }, file).legacy).toBe(true);
  expect(order({ model: "z1", legacy: false }, file).legacy).toBe(false);
  expect(order({ model: "z2" }, file).legacy).toBe(false);
});

test.each<[Partial<PublishRequest>, string, RegExp]>([
  [{ images: [] }, "USAGE", /no image/],
  [{ slot: "one" }, "SLOT_INVALID", /"one"/],
  [{ to: [] }, "TARGET_INVALID", /no target/],
  [{ makeGroup: "a/b" }, "TARGET_INVALID", /"a\/b"/],
  [{ makeGroup: "g", to: ["group:beta"] }, "USAGE", /group:beta is a group/],
  [{ bucket: "s3://fw" }, "USAGE", /"s3:\/\/fw"/],
  [{ prefix: "a b" }, "USAGE", /--prefix/],
  [{ presign: "me" }, "USAGE", /"me"/],
  [{ presign: "iot" }, "USAGE", /needs --role/],
  [{ presign: "iot", role: "a role" }, "USAGE", /"a role"/],
  [{ role: "fota" }, "USAGE", /--presign iot/],
  [{ expires: "59s" }, "EXPIRES_INVALID", /60s to 7d/],
  [{ expires: "8d" }, "EXPIRES_INVALID", /60s to 7d/],
  [{ presign: "iot", role: "fota", expires: "2h" }, "EXPIRES_INVALID", /60s to 1h/],
  [{ jobId: "a b" }, "JOB_ID_INVALID", /"a b"/],
  [{ fwVersion: "new" }, "VERSION_INVALID", /--fw-version/],
  [{ minVersion: "1..2" }, "VERSION_INVALID", /--min-version/],
  [{ model: "" }, "USAGE", /--model/],
  [{ description: "a\nb" }, "USAGE", /--description/],
])("%j is refused", (more, code, says) => {
  expect(() => order(more)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(says) }));
});
