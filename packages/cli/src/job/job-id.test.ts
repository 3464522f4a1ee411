import { expect, test } from "vitest";
import { checkJobId, type JobContent, jobIdOf, secondJobId } from "./job-id.js";

const content: JobContent = {
  spec: {
    continuous: false,
    makeGroup: undefined,
    presign: { by: "cli", expiresInSeconds: undefined },
    fwVersion: "1.0.0",
    model: undefined,
    minVersion: undefined,
    rollout: { abortOn: [], retries: [] },
    scheduleTexts: {},
  },
  bucket: "fw",
  targetArns: ["arn:a", "arn:b"],
  images: [{ slot: 1, key: "fota/x/app.bin", sha256: "x" }],
  packageArns: [],
  patches: [],
};
const changed = (more: Partial<JobContent["spec"]>) => ({
  ...content,
  spec: { ...content.spec, ...more },
});

test("the same publish has the same id, whatever the order of its targets", () => {
  expect(jobIdOf(content)).toMatch(/^fota-1-0-0-[0-9a-f]{10}$/);
  expect(jobIdOf({ ...content, targetArns: ["arn:b", "arn:a"] })).toBe(jobIdOf(content));
});

test("a job that installs a package version is another publish", () => {
  const packageArns = ["arn:aws:iot:eu-west-1:123456789012:package/fw/version/1.0.0"];
  expect(jobIdOf({ ...content, packageArns })).not.toBe(jobIdOf(content));
});

test("a shorter life of the URL is no other publish", () => {
  expect(jobIdOf(changed({ presign: { by: "cli", expiresInSeconds: 60 } }))).toBe(jobIdOf(content));
});

test.each<[string, JobContent]>([
  ["targets", { ...content, targetArns: ["arn:a"] }],
  ["an image", { ...content, images: [{ slot: 1, key: "fota/y/app.bin", sha256: "y" }] }],
  ["a slot", { ...content, images: [{ slot: 0, key: "fota/x/app.bin", sha256: "x" }] }],
  ["the version", changed({ fwVersion: "1.0.1" })],
  ["the model", changed({ model: "m" })],
  ["the bucket", { ...content, bucket: "other" }],
  ["who presigns", changed({ presign: { by: "iot", role: "r", expiresInSeconds: 60 } })],
  ["the rollout", changed({ rollout: { abortOn: [], retries: [], ratePerMinute: 5 } })],
  ["the schedule", changed({ scheduleTexts: { start: "+2h" } })],
  ["later members", changed({ continuous: true })],
])("%s changes the id", (_what, other) => {
  expect(jobIdOf(other)).not.toBe(jobIdOf(content));
});

test.each([
  ["1.4.0", "app.bin", "fota-1-4-0-"],
  ["v2", "app.bin", "fota-v2-"],
  ["1.4.0-rc.1+build7", "app.bin", "fota-1-4-0-rc-1-build7-"],
  ["1.0.0-.-+-", "app.bin", "fota-1-0-0-"],
  [undefined, "app.bin", "fota-app-"],
  [undefined, "app.slot0.bin", "fota-app-slot0-"],
  [undefined, "rootfs.tar.gz", "fota-rootfs-tar-"],
  [undefined, "thermostat-1.4", "fota-thermostat-1-4-"],
  [undefined, "..__pump  7__.bin", "fota-__pump-7__-"],
  [undefined, ".bin", "fota-bin-"],
  [undefined, "...", "fota-"],
])("version %s and image %s make the id %s<digest>", (fwVersion, name, start) => {
  const images = [{ slot: 1, key: `fota/x/${name}`, sha256: "x" }];
  const id = jobIdOf({ ...changed({ fwVersion }), images });
  expect(id.slice(0, -10)).toBe(start);
  expect(id.slice(-10)).toMatch(/^[0-9a-f]{10}$/);
});

test("an id that would be too long loses the end of its label, not of its digest", () => {
  const long = jobIdOf(changed({ fwVersion: `1.0.0-${"x".repeat(41)}.${"y".repeat(20)}` }));
  expect(long).toMatch(/^fota-1-0-0-x{41}-[0-9a-f]{10}$/);
  const other = jobIdOf(changed({ fwVersion: `1.0.0-${"x".repeat(90)}` }));
  expect(other).toHaveLength(64);
  expect(checkJobId(other)).toBe(other);
});

test("no id is the start of another one, whose version continues the first one's", () => {
  const ids = ["1.0", "1.0.0", "1.0.0-1", "1.0.0-1.1", "1.0.0-abcdef0123", "1.0.0-abcdef0123.4"].map(
    (fwVersion) => jobIdOf(changed({ fwVersion })),
  );
  for (const id of ids) expect(ids.filter((other) => other.startsWith(id))).toEqual([id]);
});

test.each([
  ["fota-1-4-0-9243387d29", "fota-1-4-0-2-9243387d29"],
  [`fota-${"x".repeat(48)}-9243387d29`, `fota-${"x".repeat(46)}-2-9243387d29`],
  ["fota-9243387d29", "fota-2-9243387d29"],
  ["spring", "spring-2"],
  ["j".repeat(64), `${"j".repeat(62)}-2`],
])("where %s is taken, %s is another", (taken, second) => {
  expect(secondJobId(taken)).toBe(second);
});

test("an id is what AWS takes and a device can ask for", () => {
  expect(checkJobId("spring_2026-1")).toBe("spring_2026-1");
  for (const id of ["", "a b", "a/b", "j".repeat(65), "get", "notify-next", "last"]) {
    expect(() => checkJobId(id)).toThrow(expect.objectContaining({ code: "JOB_ID_INVALID" }));
  }
});
