import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IoTClient, ListThingsInThingGroupCommand } from "@aws-sdk/client-iot";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Local, type LocalOptions, startLocal } from "../src/index.js";

const SEED: LocalOptions = {
  buckets: ["firmware"],
  things: ["lamp-1"],
  groups: { beta: ["lamp-1", "lamp-2"], empty: [] },
};
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-seed-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

/** Uses AWS's clients like a program with only `local.env` in its environment. */
async function readWithEnvironment({ env }: Local) {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const iot = new IoTClient({});
  const s3 = new S3Client({});
  const { Buckets } = await s3.send(new ListBucketsCommand({}));
  const membersOf = async (thingGroupName: string) =>
    (await iot.send(new ListThingsInThingGroupCommand({ thingGroupName }))).things;
  const read = {
    buckets: Buckets?.map(({ Name }) => Name),
    beta: await membersOf("beta"),
    empty: await membersOf("empty"),
  };
  iot.destroy();
  s3.destroy();
  return read;
}

test("buckets, things and groups of the options exist, and AWS's clients find them with local.env", async () => {
  const seen = { buckets: ["firmware"], beta: ["lamp-1", "lamp-2"], empty: [] };
  const first = await startLocal({ ...SEED, dir });
  expect(await readWithEnvironment(first)).toEqual(seen);
  expect(first.env["AWS_DEFAULT_REGION"]).toBe(first.region);
  await first.stop();
  const again = await startLocal({ ...SEED, dir });
  expect(await readWithEnvironment(again)).toEqual(seen);
  await again.stop();
});

test.each([
  [{ things: ["a b"] }, '"a b" is not a valid thing name'],
  [{ groups: { beta: ["a/b"] } }, '"a/b" is not a valid thing name'],
  [{ groups: { "": [] } }, '"" is not a valid group name'],
  [{ buckets: ["Firmware"] }, '"Firmware" is not a valid bucket name'],
])("a name that AWS refuses is refused, and nothing keeps running: %j", async (options, message) => {
  await expect(startLocal({ ...options, dir })).rejects.toMatchObject({ code: "USAGE", message });
  const after = await startLocal({ dir }); // the folder is free again
  await after.stop();
});

test("a thing in more groups than AWS allows is refused with its name", async () => {
  const names = Array.from({ length: 11 }, (_, index) => `group-${index}`);
  const groups = Object.fromEntries(names.map((name) => [name, ["lamp-1"]]));
  await expect(startLocal({ groups })).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("lamp-1"),
  });
});
