import { expect, test } from "vitest";
import { publishCommand, publishNeeds } from "./publish-command.js";

const line = (...parts: Parameters<typeof publishCommand>) => publishCommand(...parts).join(" ");

test.each([
  [{}, {}, { bucket: "<bucket>", slot: "<0|1|any>" }],
  [{ bucket: "fw" }, {}, { slot: "<0|1|any>" }],
  [{ slots: [0, 1] }, { FOTA_BUCKET: "fw" }, {}],
  [{ slot: 0 }, { FOTA_BUCKET: "" }, { bucket: "<bucket>" }],
])("with settings %j and variables %j, a publish needs %j", (file, env, needs) => {
  expect(publishNeeds({ file, env })).toEqual(needs);
});

test("a publish names what it needs, then its own options", () => {
  expect(line(["pump-1"], {})).toBe("publish <image> --to pump-1");
  expect(line(["pump-1"], { bucket: "fw", slot: "any" }, { "--model": "v1" })).toBe(
    "publish <image> --bucket fw --slot any --model v1 --to pump-1",
  );
  expect(line(["pump-1"], { images: ["0=<image>", "1=<image>"] })).toBe(
    "publish 0=<image> 1=<image> --to pump-1",
  );
});

test("an option replaces a need, and one slot takes one image", () => {
  const needs = { bucket: "fw", images: ["0=<image>", "1=<image>"] };
  expect(line(["pump-1"], needs, { "--bucket": "<bucket>", "--slot": "0" })).toBe(
    "publish <image> --bucket <bucket> --slot 0 --to pump-1",
  );
});
