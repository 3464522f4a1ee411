import { expect, test } from "vitest";
import { specsOf } from "./specs.js";

const sources = {
  file: { model: "pump" },
  env: { FOTA_BUCKET: "firmware" },
  now: new Date("2026-11-24T08:00:00Z"),
};

test("a request comes to a job and to its images", () => {
  const { spec, imageSpec } = specsOf({ images: ["1=app.bin"], to: ["group:beta"] }, sources);
  expect(spec).toMatchObject({ targets: [{ kind: "group", name: "beta" }], model: "pump" });
  expect(imageSpec).toMatchObject({
    images: [{ path: "app.bin", slot: 1 }],
    bucket: "firmware",
    prefix: "fota",
  });
});

test("a request without a target is refused", () => {
  expect(() => specsOf({ images: ["app.bin"], to: [] }, sources)).toThrow(
    expect.objectContaining({ code: "TARGET_INVALID", message: "no target is given" }),
  );
});
