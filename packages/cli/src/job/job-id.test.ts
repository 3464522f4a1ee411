import { expect, test } from "vitest";
import { checkJobId, type JobContent, jobIdOf } from "./job-id.js";

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
};
const changed = (more: Partial<JobContent["spec"]>) => ({
  ...content,
  spec: { ...content.spec, ...more },
});

test("the same publish has the same id, whatever the order of its targets", () => {
  expect(jobIdOf(content)).toMatch(/^fota-[0-9a-f]{20}$/);
  expect(jobIdOf({ ...content, targetArns: ["arn:b", "arn:a"] })).toBe(jobIdOf(content));
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

test("an id is what AWS takes and a device can ask for", () => {
  expect(checkJobId("spring_2026-1")).toBe("spring_2026-1");
  for (const id of ["", "a b", "a/b", "j".repeat(65), "get", "notify-next"]) {
    expect(() => checkJobId(id)).toThrow(expect.objectContaining({ code: "JOB_ID_INVALID" }));
  }
});
