import { expect, test } from "vitest";
import type { FileSettings } from "../settings/config-schema.js";
import type { JobOptions } from "./job-options.js";
import { jobSpecOf, type PriorJob } from "./job-spec.js";
import { parseTargets } from "./targets.js";

const now = new Date("2026-11-24T08:00:00Z");

function spec(
  { to = ["pump-1"], ...options }: JobOptions & { to?: string[] } = {},
  file: FileSettings = {},
  env: Record<string, string> = {},
  prior?: PriorJob,
) {
  const targets = parseTargets(to, Number.POSITIVE_INFINITY);
  return jobSpecOf(options, targets, { file, env, now }, prior);
}

test("an option comes before the environment, and that before the file", () => {
  const file = { expires: "1h", model: "m1" };
  const env = { FOTA_EXPIRES: "2h" };
  expect(spec({ expires: "3h", model: "m2" }, file, env)).toMatchObject({
    presign: { by: "cli", expiresInSeconds: 10_800 },
    model: "m2",
  });
  expect(spec({}, file, env)).toMatchObject({ presign: { expiresInSeconds: 7_200 }, model: "m1" });
  expect(spec({}, file)).toMatchObject({ presign: { expiresInSeconds: 3_600 } });
});

test("an earlier job comes after an option, and before the environment and the file", () => {
  const prior: PriorJob = {
    presign: { by: "iot", role: "theirs", expiresInSeconds: 900 },
    rollout: { ratePerMinute: 50, abortOn: [], timeoutMinutes: 30, retries: [] },
    description: "spring",
    fwVersion: "1.4.0",
    model: "m1",
    minVersion: "1.2.0",
    packageArns: ["arn:aws:iot:eu-west-1:123456789012:package/fw/version/1.4.0"],
  };
  const file = { presign: "cli" as const, role: "file", expires: "1h", model: "file" };
  const env = { FOTA_ROLE: "env", FOTA_EXPIRES: "30m" };
  expect(spec({}, file, env, prior)).toMatchObject(prior);
  const rollout = { ratePerMinute: 5, abortOn: [], timeoutMinutes: 30, retries: [] };
  expect(spec({ rate: "5/min", role: "mine", expires: "60s" }, file, env, prior)).toMatchObject({
    presign: { by: "iot", role: "mine", expiresInSeconds: 60 },
    rollout,
  });
  expect(spec({ presign: "cli" }, file, env, prior).presign).toEqual({ by: "cli", expiresInSeconds: 1_800 });
});

test("a package comes from the option, then the file, and an earlier job keeps its own", () => {
  expect(spec({ package: "fw" }, { package: "file" }).packageName).toBe("fw");
  expect(spec({}, { package: "file" }).packageName).toBe("file");
  expect(() => spec({ package: "a b" })).toThrow(/--package must be the name of a package, got "a b"/);
  const prior: PriorJob = {
    presign: { by: "cli" },
    rollout: { abortOn: [], retries: [] },
    description: undefined,
    fwVersion: "1.4.0",
    model: undefined,
    minVersion: undefined,
    packageArns: [],
  };
  expect(spec({}, { package: "file" }, {}, prior)).toMatchObject({ packageName: undefined, packageArns: [] });
});

test("what an option changes is checked together with what an earlier job says", () => {
  const rollout = {
    ramp: { basePerMinute: 10, factor: 2, every: 5, of: "notified" as const },
    abortOn: [],
    retries: [],
  };
  const none = {
    description: undefined,
    fwVersion: undefined,
    model: undefined,
    minVersion: undefined,
    packageArns: [],
  };
  expect(() => spec({ rate: "5/min" }, {}, {}, { ...none, presign: { by: "cli" }, rollout })).toThrow(
    expect.objectContaining({
      code: "ROLLOUT_INVALID",
      message: "--ramp starts at 10 a minute, over --rate 5/min",
    }),
  );
});

test("a preset gives what no option does", () => {
  const file = { rollouts: { careful: { rate: "10/min", thingTimeout: "30m", start: "+1d" } } };
  const { rollout, scheduleTexts } = spec({ rollout: "careful", rate: "20/min" }, file);
  expect(rollout).toEqual({ ratePerMinute: 20, timeoutMinutes: 30, abortOn: [], retries: [] });
  expect(scheduleTexts).toEqual({ start: "+1d" });
  expect(() => spec({ rollout: "bold" }, file)).toThrow(
    expect.objectContaining({ code: "ROLLOUT_INVALID", hint: "it has careful" }),
  );
});

test.each([
  ["of an option", { timeout: "30m" }, 30, "--timeout was read as --thing-timeout"],
  ["of a preset", { rollout: "careful" }, 20, '`timeout` of rollout "careful" is called `thingTimeout` now'],
  [
    "together with the new one",
    { timeout: "30m", thingTimeout: "40m" },
    40,
    "`timeout` has no effect if `thingTimeout`",
  ],
])(
  "timeout, the former name %s, is the time of one thing, with a warning",
  (_where, options, minutes, warning) => {
    const file = { rollouts: { careful: { timeout: "20m" } } };
    const { rollout, renamed } = spec(options, file);
    expect(rollout.timeoutMinutes).toBe(minutes);
    expect(renamed).toEqual([expect.stringContaining(warning)]);
  },
);

test("an option wins over the former name in a preset", () => {
  const file = { rollouts: { careful: { timeout: "20m" } } };
  expect(spec({ rollout: "careful", thingTimeout: "40m" }, file).rollout.timeoutMinutes).toBe(40);
});

test("AWS IoT presigns for an hour unless told otherwise", () => {
  const presign = { presign: "iot", role: "fota" };
  expect(spec(presign).presign).toEqual({ by: "iot", role: "fota", expiresInSeconds: 3_600 });
  expect(spec({ ...presign, expires: "60s" }).presign).toMatchObject({ expiresInSeconds: 60 });
});

test("more than 100 targets need a group", () => {
  const to = Array.from({ length: 101 }, (_, i) => `pump-${i}`);
  expect(() => spec({ to })).toThrow(
    expect.objectContaining({ code: "TOO_MANY_TARGETS", hint: expect.stringContaining("--make-group") }),
  );
  expect(spec({ to, makeGroup: "spring" }).targets).toHaveLength(101);
});

test("a model that the file marks is a legacy one, unless told otherwise", () => {
  const file = { legacyModels: ["z1"] };
  expect(spec({ model: "z1" }, file).legacy).toBe(true);
  expect(spec({ model: "z1", legacy: false }, file).legacy).toBe(false);
  expect(spec({ model: "z2" }, file).legacy).toBe(false);
});

test.each<[JobOptions & { to?: string[] }, string, RegExp]>([
  [{ makeGroup: "a/b" }, "TARGET_INVALID", /"a\/b"/],
  [{ makeGroup: "g", to: ["group:beta"] }, "USAGE", /group:beta is a group/],
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
  expect(() => spec(more)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(says) }));
});
