import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { publishOutputSchema } from "../src/publish/result.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

let fleet: Fleet;

beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(() => fleet.stop());

/** Publishes a file; returns the warnings. */
async function publish(file: string, version: string, ...more: string[]) {
  const args = [
    "publish",
    file,
    "--slot",
    "1",
    "--bucket",
    BUCKET,
    "--fw-version",
    version,
    "--json",
    ...more,
  ];
  const { code, stdout, stderr } = await fleet.fota(args);
  expect(code, stderr).toBe(0);
  return v.parse(publishOutputSchema, JSON.parse(stdout)).warnings ?? [];
}

async function write(file: string, image: Buffer): Promise<void> {
  await writeFile(join(fleet.folder, file), image);
}

test("an image that is an earlier version, byte for byte, gets a warning, whatever the name of its file", async () => {
  const image = randomBytes(3_000);
  for (const file of ["app.bin", "app-2.0.1.bin"]) await write(file, image);
  expect(await publish("app.bin", "2.0.0", "--to", "pump-1")).toEqual([]);
  const warning = (file: string, version: string) => ({
    code: "SAME_IMAGE",
    message: `${file} has exactly the bytes of version 2.0.0: check that it is the build of ${version}`,
  });
  expect(await publish("app.bin", "2.0.1", "--to", "pump-1")).toEqual([warning("app.bin", "2.0.1")]);
  expect(await publish("app-2.0.1.bin", "2.0.1", "--to", "pump-2")).toEqual([
    warning("app-2.0.1.bin", "2.0.1"),
  ]);
});

test("the same version again, another model, another prefix and other bytes get no warning", async () => {
  const image = randomBytes(3_000);
  for (const file of ["app.bin", "copy.bin"]) await write(file, image);
  await write("other.bin", randomBytes(3_000));
  const model = ["--model", "Pumpe Größe 2"];
  await publish("app.bin", "2.0.0", "--to", "pump-1", ...model);
  expect(await publish("app.bin", "2.0.0", "--to", "pump-2", ...model)).toEqual([]);
  expect(await publish("copy.bin", "v2.0.0", "--to", "pump-3", ...model)).toEqual([]);
  expect(await publish("app.bin", "2.0.1", "--to", "pump-4", "--model", "valve")).toEqual([]);
  expect(await publish("app.bin", "2.0.1", "--to", "pump-5", "--prefix", "test", ...model)).toEqual([]);
  expect(await publish("other.bin", "2.0.1", "--to", "pump-6", ...model)).toEqual([]);
  expect(await publish("copy.bin", "2.0.1", "--to", "pump-7", ...model)).toMatchObject([
    { code: "SAME_IMAGE" },
  ]);
});

test("a large image that was uploaded in parts gets the warning, and one without a known version gets none", async () => {
  const image = randomBytes(9 * 1024 * 1024);
  await write("app.bin", image);
  await publish("app.bin", "2.0.0", "--to", "pump-1");
  const args = [
    "publish",
    "app.bin",
    "--slot",
    "1",
    "--bucket",
    BUCKET,
    "--fw-version",
    "2.0.1",
    "--dry-run",
  ];
  const dry = await fleet.fota([...args, "--to", "pump-1", "--json"]);
  expect(v.parse(publishOutputSchema, JSON.parse(dry.stdout)).plan?.warnings).toMatchObject([
    { code: "SAME_IMAGE" },
  ]);
  const without = await fleet.fota([
    ...args.filter((arg) => !/^(--fw-version|2\.0\.1)$/.test(arg)),
    "--to",
    "pump-1",
  ]);
  expect(without.stderr).not.toContain("bytes of version");
});

test("an object of another tool in the same place is no earlier version", async () => {
  const image = randomBytes(3_000);
  await write("app.bin", image);
  const { code, stdout } = await fleet.fota([
    ...["publish", "app.bin", "--slot", "1", "--bucket", BUCKET, "--to", "pump-1", "--dry-run", "--json"],
  ]);
  expect(code).toBe(0);
  const { key = "" } = v.parse(publishOutputSchema, JSON.parse(stdout)).images[0] ?? {};
  const Key = key.replace(/[^/]+$/, "other.bin");
  const Metadata = { "fota-version": "2.0.0" };
  await fleet.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: "x", Metadata }));
  expect(await publish("app.bin", "2.0.1", "--to", "pump-1")).toEqual([]);
});
