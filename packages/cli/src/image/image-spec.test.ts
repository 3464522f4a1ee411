import { expect, test } from "vitest";
import type { FileSettings } from "../settings/config-schema.js";
import type { ImageOptions } from "./image-argument.js";
import { imageSpecOf, resolveBucket, resolvePrefix } from "./image-spec.js";

const least: ImageOptions = { images: ["app.bin"], bucket: "fw-releases" };

const slots = (slot: number, isStated: boolean) => ({ slot, any: undefined, isStated });

function spec(more: Partial<ImageOptions> = {}, file: FileSettings = {}, env: Record<string, string> = {}) {
  return imageSpecOf({ ...least, ...more }, { file, env });
}

test("an option comes before the environment, and that before the file", () => {
  const file = { bucket: "from-file", prefix: "file", slot: 1 };
  const env = { FOTA_BUCKET: "from-env", FOTA_PREFIX: "env" };
  const given = spec({ slot: 2, prefix: "/given/" }, file, env);
  expect(given).toMatchObject({ bucket: "fw-releases", prefix: "given", slots: slots(2, true) });
  const images = ["app.bin"];
  const fromEnv = { bucket: "from-env", prefix: "env", slots: slots(1, false) };
  expect(imageSpecOf({ images }, { file, env })).toMatchObject(fromEnv);
  const fromFile = { bucket: "from-file", prefix: "file", slots: slots(1, false) };
  expect(imageSpecOf({ images }, { file, env: {} })).toMatchObject(fromFile);
});

test("keys begin with fota where nothing says it, and with nothing where FOTA_PREFIX is empty", () => {
  expect(resolvePrefix({}, { file: {}, env: {} })).toBe("fota");
  expect(resolvePrefix({}, { file: { prefix: "file" }, env: { FOTA_PREFIX: "" } })).toBe("");
});

test("images may say their slots", () => {
  expect(spec({ images: ["0=a.bin", "1=out/b=c.bin", "x=d.bin"] }).images).toEqual([
    { path: "a.bin", slot: 0 },
    { path: "out/b=c.bin", slot: 1 },
    { path: "x=d.bin", slot: undefined },
  ]);
});

test("a publish needs a bucket, and a look at the settings does not", () => {
  const sources = { file: {}, env: {} };
  expect(() => imageSpecOf({ images: ["app.bin"] }, sources)).toThrow(
    expect.objectContaining({ code: "USAGE", message: "no bucket is given" }),
  );
  expect(resolveBucket({}, sources)).toBeUndefined();
});

test.each<[Partial<ImageOptions>, string, RegExp]>([
  [{ images: [] }, "USAGE", /no image/],
  [{ slot: "one" }, "SLOT_INVALID", /"one"/],
  [{ bucket: "s3://fw" }, "USAGE", /"s3:\/\/fw"/],
  [{ prefix: "a b" }, "USAGE", /--prefix/],
])("%j is refused", (more, code, says) => {
  expect(() => spec(more)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(says) }));
});
