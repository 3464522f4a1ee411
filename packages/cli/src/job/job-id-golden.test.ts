import { expect, test } from "vitest";
import type { ImageOptions } from "../image/image-argument.js";
import { imageSpecOf } from "../image/image-spec.js";
import { jobIdOf } from "./job-id.js";
import type { JobOptions } from "./job-options.js";
import { jobSpecOf } from "./job-spec.js";
import { parseTargets } from "./targets.js";

type PublishRequest = JobOptions & ImageOptions & { to: readonly string[] };

const now = new Date("2026-12-01T00:00:00Z");
const file = {
  bucket: "firmware",
  rollouts: { careful: { rate: "10/min", abortOn: ["failed>5% after 20"] } },
};
const image = (slot: number, sha256: string) => ({ slot, key: `fota/${sha256}/app.bin`, sha256 });

/** The digests are those of earlier releases, where they were longer: the same publish again must find the same job. */
test.each<[string, PublishRequest, string[], ReturnType<typeof image>[], string]>([
  [
    "one image for one thing",
    { images: ["app.bin"], slot: "1", to: ["thermostat-7"] },
    ["arn:aws:iot:eu-west-1:123456789012:thing/thermostat-7"],
    [image(1, "a".repeat(64))],
    "fota-app-2129af35f3",
  ],
  [
    "an image a slot, a version and a model, for two groups, continuously",
    {
      images: ["0=a.bin", "1=b.bin"],
      to: ["group:beta", "group:all"],
      continuous: true,
      fwVersion: "1.4.0",
      model: "thermostat",
      minVersion: "1.2.0",
    },
    [
      "arn:aws:iot:eu-west-1:123456789012:thinggroup/beta",
      "arn:aws:iot:eu-west-1:123456789012:thinggroup/all",
    ],
    [image(0, "b".repeat(64)), image(1, "c".repeat(64))],
    "fota-1-4-0-e9c351e17a",
  ],
  [
    "presigned by AWS IoT",
    { images: ["app.bin"], slot: "0", to: ["pump-7"], presign: "iot", role: "fota", expires: "30m" },
    ["arn:aws:iot:eu-west-1:123456789012:thing/pump-7"],
    [image(0, "d".repeat(64))],
    "fota-app-ea796dd738",
  ],
  [
    "a preset of the settings file with options over it",
    {
      images: ["app.bin"],
      slot: "1",
      to: ["group:all"],
      rollout: "careful",
      ramp: "5/min x2 after 10 succeeded",
      timeout: "90m",
      retry: "failed:2,timed-out:1",
    },
    ["arn:aws:iot:eu-west-1:123456789012:thinggroup/all"],
    [image(1, "e".repeat(64))],
    "fota-app-6a2acb4fae",
  ],
  [
    "a preset of the settings file and the new name of an option over it",
    {
      images: ["app.bin"],
      slot: "1",
      to: ["group:all"],
      rollout: "careful",
      ramp: "5/min x2 after 10 succeeded",
      thingTimeout: "90m",
      retry: "failed:2,timed-out:1",
    },
    ["arn:aws:iot:eu-west-1:123456789012:thinggroup/all"],
    [image(1, "e".repeat(64))],
    "fota-app-6a2acb4fae",
  ],
  [
    "a schedule, and a group to make",
    {
      images: ["app.bin"],
      slot: "1",
      to: ["a", "b"],
      makeGroup: "spring",
      start: "+2h",
      end: "+10d",
      atEnd: "cancel",
    },
    ["arn:aws:iot:eu-west-1:123456789012:thing/a", "arn:aws:iot:eu-west-1:123456789012:thing/b"],
    [image(1, "f".repeat(64))],
    "fota-app-6c1f875106",
  ],
  [
    "an image that is the same for every slot",
    { images: ["app.bin"], slot: "any", to: ["pump-7"] },
    ["arn:aws:iot:eu-west-1:123456789012:thing/pump-7"],
    [image(1, "a".repeat(64)), image(0, "a".repeat(64))],
    "fota-app-fd9e616089",
  ],
])("%s keeps its job id", (_what, request, targetArns, images, jobId) => {
  const sources = { file, env: {}, now };
  const spec = jobSpecOf(request, parseTargets(request.to, 100), sources);
  const { bucket } = imageSpecOf(request, sources);
  expect(jobIdOf({ spec, bucket, targetArns, images, packageArns: [], patches: [] })).toBe(jobId);
});
