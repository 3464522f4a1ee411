import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
} from "@aws-sdk/client-s3";
import { imagesOf, type JobDocument } from "@fota/shared";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { publishOutputSchema } from "../src/publish/result.js";
import { startFota } from "./cli.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

const ROLE = "arn:aws:iam::000000000000:role/fota";
let fleet: Fleet;

beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(() => fleet.stop());

async function publishAny(image: Buffer, to: string, ...more: string[]) {
  await writeFile(join(fleet.folder, "app.bin"), image);
  const args = ["publish", "app.bin", "--slot", "any", "--to", to, "--bucket", BUCKET, ...more, "--json"];
  const { code, stdout, stderr } = await fleet.fota(args);
  expect(code, stderr).toBe(0);
  return v.parse(publishOutputSchema, JSON.parse(stdout));
}

const withoutSlot = (document: JobDocument) =>
  imagesOf(document).map(({ bc_crc, bc_url }) => [bc_crc, bc_url]);

test("three images in a row reach one device, each in the slot that does not run, which publish knows then", async () => {
  const dir = join(fleet.folder, "pump-1");
  const device = startFota(["device", "--local", "--thing", "pump-1", "--dir", dir, "--json"], {
    AWS_ENDPOINT_URL: fleet.local.endpoint,
  });
  await device.line((line) => line.includes('"connected"'));
  for (const slot of [1, 0, 1]) {
    const image = randomBytes(100_000);
    const { status } = await publishAny(image, "pump-1", "--wait", "--wait-timeout", "60s");
    expect(status).toMatchObject({ counts: { succeeded: 1 } });
    expect((await readFile(join(dir, `slot-${slot}`))).equals(image)).toBe(true);
  }
  await writeFile(join(fleet.folder, "app.bin"), randomBytes(3_000));
  const next = ["publish", "app.bin", "--to", "pump-1", "--bucket", BUCKET, "--dry-run", "--slot"];
  expect((await fleet.fota([...next, "1"])).stderr).toContain(
    "pump-1 reports that it runs slot 1 and will refuse",
  );
  expect((await fleet.fota([...next, "0"])).stderr).not.toContain("runs slot");
  device.child.kill("SIGTERM");
  expect((await device.ended).code).toBe(0);
});

test("the image is uploaded once, has one URL, and is shown once for both slots", async () => {
  const image = randomBytes(3_000);
  const dry = await publishAny(image, "pump-1", "--dry-run");
  expect(dry.plan?.uploads).toEqual([{ slot: 1, bytes: 3_000 }]);
  const { document, images, jobId } = await publishAny(image, "pump-1");
  expect(imagesOf(document).map(({ bc_idx }) => bc_idx)).toEqual([1, 0]);
  const [first, second] = withoutSlot(document);
  expect(second).toEqual(first);
  expect(images.map(({ slot, key }) => [slot, key])).toEqual([1, 0].map((slot) => [slot, images[0]?.key]));
  const { KeyCount } = await fleet.s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  expect(KeyCount).toBe(1);

  const published = await fleet.fota([
    "publish",
    "app.bin",
    "--slot",
    "any",
    "--to",
    "pump-1",
    "--bucket",
    BUCKET,
  ]);
  expect(published.stdout.match(/^ {2}image .*/gm)).toEqual([expect.stringMatching(/slot 0 or 1$/)]);
  const shown = await fleet.fota(["show", jobId]);
  expect(shown.stdout.match(/^ {2}image .*/gm)).toEqual([expect.stringMatching(/slot 0 or 1, /)]);
});

test("slots in the settings mean the same as --slot any, and --slot overrides them", async () => {
  await writeFile(join(fleet.folder, "fota.config.json"), JSON.stringify({ bucket: BUCKET, slots: [0, 1] }));
  await writeFile(join(fleet.folder, "app.bin"), randomBytes(3_000));
  const slotsOf = async (...more: string[]) => {
    const { stdout } = await fleet.fota(["publish", "app.bin", "--to", "pump-1", "--json", ...more]);
    return v.parse(publishOutputSchema, JSON.parse(stdout)).images.map(({ slot }) => slot);
  };
  expect(await slotsOf()).toEqual([1, 0]);
  expect(await slotsOf("--slot", "0")).toEqual([0]);
});

test("AWS IoT presigns one object for both slots", async () => {
  const { document } = await publishAny(randomBytes(3_000), "pump-1", "--presign", "iot", "--role", ROLE);
  const [first, second] = withoutSlot(document);
  expect(first?.[1]).toMatch(/^\$\{aws:iot:s3-presigned-url:/);
  expect(second).toEqual(first);
});

test("retry and promote publish the image for both slots again, with one fresh URL", async () => {
  const old = await publishAny(randomBytes(3_000), "pump-1");
  await fleet.report("pump-1", old.jobId, "FAILED", { reason: "download-failed" });
  for (const again of [["retry"], ["promote", "--to", "pump-2", "--force"]]) {
    const [command = "", ...more] = again;
    const { stdout, stderr } = await fleet.fota([command, old.jobId, ...more, "--yes", "--json"]);
    const { document, images } = v.parse(publishOutputSchema, JSON.parse(stdout || stderr));
    expect(images.map(({ slot }) => slot)).toEqual([1, 0]);
    const [first, second] = withoutSlot(document);
    expect(second).toEqual(first);
  }
});

test("delete removes the image once, where the bucket keeps versions too", async () => {
  const versioning = { Bucket: BUCKET, VersioningConfiguration: { Status: "Enabled" as const } };
  await fleet.s3.send(new PutBucketVersioningCommand(versioning));
  const { jobId } = await publishAny(randomBytes(3_000), "pump-1");
  const { code, stdout, stderr } = await fleet.fota(["delete", jobId, "--force", "--yes"]);
  expect(code, stderr).toBe(0);
  expect(stdout.match(/deleted {2}/g)).toHaveLength(1);
  const { DeleteMarkers } = await fleet.s3.send(new ListObjectVersionsCommand({ Bucket: BUCKET }));
  expect(DeleteMarkers).toHaveLength(1);
});
