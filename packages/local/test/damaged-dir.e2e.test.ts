/** A `--dir` folder of an earlier release, or one that is damaged, truncated or lacks a file. */
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { crc32 } from "node:zlib";
import { CreateThingCommand, IoTClient, ListThingsCommand } from "@aws-sdk/client-iot";
import { isFotaError } from "@fota/shared";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canMount, SmallDisk } from "../../agent/test/small-disk.js";
import { openCertificateAuthority } from "../src/certificates/ca.js";
import { createEngine } from "../src/engine/engine.js";
import { type Local, manualClock, startLocal } from "../src/index.js";
import { openSessionStore } from "../src/mqtt/session-store.js";
import { createObjectStore } from "../src/s3/object-store.js";
import { encodeWorld } from "./support/world-copy.js";

const FIRST_RELEASE = join(import.meta.dirname, "fixtures", "dir-format-1");
/** A clock that never advances, so that no timer fires. */
const clock = manualClock(Date.UTC(2026, 10, 29));

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-damaged-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** Returns the whole state of a folder as text. Opening the folder rewrites it. */
async function stateOf(dir: string): Promise<string> {
  const { caPem } = await openCertificateAuthority(join(dir, "ca"));
  const store = await createObjectStore({ dir: join(dir, "s3"), durable: false });
  const objects = store.buckets().map((bucket) => ({
    bucket,
    versions: [...store.keysOfVersions(bucket.name)].map((key) => store.versions(bucket.name, key)),
    uploads: store.uploads.list(bucket.name).map((upload) => [upload, store.uploads.parts(upload.uploadId)]),
  }));
  const sessionStore = await openSessionStore(join(dir, "mqtt"));
  const sessions = sessionStore
    .sessions()
    .map(({ session, endsAtMs }) => [
      session.clientId,
      session.expirySeconds,
      endsAtMs,
      [...session.subscriptions],
      session.queue,
    ]);
  const mqtt = { retained: sessionStore.retained(), sessions };
  await sessionStore.close();
  const engine = await createEngine({ clock, region: "us-east-1", dir: join(dir, "world") });
  const world = encodeWorld(engine.world);
  await engine.close();
  return JSON.stringify({ caPem, objects, mqtt, world }, null, 1);
}

async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
}

describe("a folder of the first release", () => {
  test("opens with its whole state, and is written in today's format", async () => {
    const dir = join(folder, "first-release");
    await cp(FIRST_RELEASE, dir, { recursive: true });
    const state = await stateOf(dir);
    const { objects, mqtt, world } = JSON.parse(state);
    expect(JSON.parse(world).things.$map.map(([name]: [string]) => name)).toEqual(["t1", "t2"]);
    expect(JSON.parse(world).jobs.$map[0][1].executions.$map[0][0]).toBe("t1");
    expect(mqtt.retained).toMatchObject([{ topic: "kept/one" }]);
    expect(mqtt.sessions[0][3]).toEqual([["dt/#", expect.objectContaining({ qos: 1 })]]);
    expect(objects[0].versions.map((versions: unknown[]) => versions.length)).toEqual([3, 1]);
    expect(objects[0].uploads[0][1]).toMatchObject([{ partNumber: 1, sizeBytes: 8 }]);
    expect(await stateOf(dir)).toBe(state);
    for (const file of await filesIn(dir)) {
      const text = await readFile(join(dir, file), "latin1");
      if (file.startsWith("ca")) continue;
      expect(text, file).toMatch(/"format":[23]|fSEALED3$|^\{"crc32":/);
    }
  });
});

test("a folder of format 2 opens with its whole state, and is written in format 3", async () => {
  const dir = join(folder, "format-2");
  await cp(join(import.meta.dirname, "fixtures", "dir-format-2"), dir, { recursive: true });
  const state = await stateOf(dir);
  const { mqtt, world } = JSON.parse(state);
  const { things, shadows, jobs } = JSON.parse(world);
  expect(things.$map.map(([name]: [string]) => name)).toEqual(["t1", "t2", "t3"]);
  expect(things.$map[2][1].groups.$set).toEqual(["late"]);
  expect(shadows.$map[0][0]).toBe("t1");
  expect(jobs.$map[0][1].executions.$map[0][1][0]).toMatchObject({ status: "IN_PROGRESS", versionNumber: 2 });
  expect(mqtt.retained).toMatchObject([{ topic: "kept/one" }, { topic: "kept/two" }]);
  expect(mqtt.sessions[0][0]).toBe("sleeper");
  for (const part of ["world", "mqtt"]) {
    const names = (await readdir(join(dir, part))).sort();
    expect(names).toEqual([expect.stringMatching(/^journal-\d+.ndjson$/), "snapshot.json"]);
    for (const name of names) expect(await readFile(join(dir, part, name), "utf8")).toContain('"format":3');
  }
  expect(await stateOf(dir)).toBe(state);
});

describe("a folder of today", () => {
  let whole: string;
  let state: string;
  let files: string[];

  /** Copies the folder with a changed file, or without the file. */
  async function outcomeOf(file: string, damage: (path: string) => Promise<void>): Promise<string> {
    const dir = join(folder, "damaged");
    await rm(dir, { recursive: true, force: true });
    await cp(whole, dir, { recursive: true });
    await damage(join(dir, file));
    try {
      return await stateOf(dir);
    } catch (error) {
      if (isFotaError(error, "LOCAL_DIR_INVALID") && error.hint !== undefined) return error.code;
      throw error;
    }
  }

  /**
   * Returns where the metadata of a file begins. Before it, objects and parts have their bytes, which are not read at
   * the start.
   */
  async function metadataOffset(path: string): Promise<number> {
    const text = await readFile(path, "latin1");
    return text.endsWith("fSEALED3") ? text.indexOf('{"') : 0;
  }

  beforeAll(async () => {
    whole = join(folder, "whole");
    await cp(FIRST_RELEASE, whole, { recursive: true });
    await stateOf(whole);
    const engine = await createEngine({ clock, region: "us-east-1", dir: join(whole, "world") });
    for (const thingName of ["t3", "t4"]) await engine.run("createThing", { thingName, attributes: {} });
    await engine.close();
    const sessionStore = await openSessionStore(join(whole, "mqtt"));
    sessionStore.retain({
      topic: "kept/two",
      payload: Buffer.from("x"),
      qos: 1,
      retain: true,
      properties: {},
    });
    await sessionStore.written();
    await sessionStore.close();
    files = await filesIn(whole);
    const copy = join(folder, "copy");
    await cp(whole, copy, { recursive: true });
    state = await stateOf(copy);
  });

  test("with one flipped bit opens with the same state, or is refused", async () => {
    let refused = 0;
    let same = 0;
    for (const file of files) {
      const from = await metadataOffset(join(whole, file));
      const { length } = await readFile(join(whole, file));
      // Flips a different bit in every 97th byte; the tests of the formats cover all bytes and bits.
      for (let at = from; at < length; at += 97) {
        const outcome = await outcomeOf(file, async (path) => {
          const bytes = await readFile(path);
          bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
          await writeFile(path, bytes);
        });
        if (outcome === "LOCAL_DIR_INVALID") refused += 1;
        else expect(withoutCa(outcome), `${file}, byte ${at}`).toBe(withoutCa(state));
        if (outcome !== "LOCAL_DIR_INVALID") same += 1;
      }
    }
    expect(refused).toBeGreaterThan(3 * same);
  });

  test("with one truncated file opens with the same state, or is refused", async () => {
    for (const file of files) {
      const { length } = await readFile(join(whole, file));
      for (const left of [0, 1, length >> 1, length - 1]) {
        const outcome = await outcomeOf(file, (path) => truncate(path, left));
        if (outcome !== "LOCAL_DIR_INVALID") {
          expect(withoutCa(outcome), `${file}, ${left} bytes left`).toBe(withoutCa(state));
        }
      }
    }
  });

  test("without one of its files opens with the same state, or is refused", async () => {
    // Removing the file of an object removes the object.
    const others = files.filter((file) => !/objects|uploads\/.*\/\d+$/.test(file));
    expect(others.length).toBeGreaterThan(6);
    for (const file of others) {
      const outcome = await outcomeOf(file, (path) => rm(path));
      if (outcome === "LOCAL_DIR_INVALID") continue;
      expect(withoutCa(outcome), file).toBe(withoutCa(state));
    }
  });

  /** A CA certificate may be encoded differently or reissued with the same key: devices still accept it. */
  function withoutCa(text: string): string {
    return JSON.stringify({ ...JSON.parse(text), caPem: "" }, null, 1);
  }
});

describe("two folders of today", () => {
  let ours: string;
  let theirs: string;
  let outcome: string[];

  /** Starts and stops the stand-in; returns the names of its things and buckets, or the error code. */
  async function start(dir: string, more: readonly string[] = []): Promise<string[]> {
    let local: Local;
    try {
      local = await startLocal({ dir, clock });
    } catch (error) {
      if (isFotaError(error, "LOCAL_DIR_INVALID") && error.hint !== undefined) return [error.code];
      throw error;
    }
    try {
      const headers = {
        authorization: "AWS4-HMAC-SHA256 Credential=test/20261129/us-east-1/s3/aws4_request",
      };
      for (const name of more) {
        expect((await fetch(`${local.endpoint}/things/${name}`, { method: "POST" })).status).toBe(200);
        const put = await fetch(`${local.endpoint}/bucket-${name}`, { method: "PUT", headers });
        expect(put.status).toBe(200);
      }
      const { things } = (await (await fetch(`${local.endpoint}/things`)).json()) as {
        things: { thingName: string }[];
      };
      const buckets = await (await fetch(`${local.endpoint}/`, { headers })).text();
      return [...things.map(({ thingName }) => thingName), ...(buckets.match(/bucket-\w+/g) ?? [])];
    } finally {
      await local.stop();
    }
  }

  /** Copies `ours`, and damages the copy, possibly with files of `theirs`. */
  async function startDamaged(damage: (dir: string) => Promise<void>): Promise<string[]> {
    const dir = join(folder, "ours-damaged");
    await rm(dir, { recursive: true, force: true });
    await cp(ours, dir, { recursive: true });
    await damage(dir);
    return await start(dir);
  }

  beforeAll(async () => {
    [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
    // Both have the same number of starts and changes, so that generations and file sizes are equal.
    outcome = await start(ours, ["a1"]);
    await start(theirs, ["b1"]);
  });

  test("open with their own state", async () => {
    expect(await startDamaged(async () => undefined)).toEqual(outcome);
    expect(outcome).toEqual(["a1", "bucket-a1"]);
  });

  test("a file or a part of the other folder is detected", async () => {
    const parts = ["world", "mqtt", "s3", "ca", "folder.json", "s3/store.json"];
    const files = (await filesIn(ours)).filter((file) => /^(world|mqtt)\//.test(file));
    expect(files.length).toBe(4);
    expect((await filesIn(theirs)).filter((file) => /^(world|mqtt)\//.test(file))).toEqual(files);
    for (const part of [...parts, ...files]) {
      const found = await startDamaged(async (dir) => {
        await rm(join(dir, part), { recursive: true });
        await cp(join(theirs, part), join(dir, part), { recursive: true });
      });
      expect(found, part).toEqual(["LOCAL_DIR_INVALID"]);
    }
  });

  test("a missing part is detected", async () => {
    const parts = ["world", "mqtt", "s3", "ca", "folder.json", "s3/buckets", "s3/uploads", "s3/store.json"];
    for (const part of parts) {
      const found = await startDamaged((dir) => rm(join(dir, part), { recursive: true }));
      expect(found, part).toEqual(["LOCAL_DIR_INVALID"]);
    }
  });

  test("two folders copied into each other are detected", async () => {
    expect(await startDamaged((dir) => cp(theirs, dir, { recursive: true, force: false }))).toEqual([
      "LOCAL_DIR_INVALID",
    ]);
  });

  test("folder.json is checked", async () => {
    const text = await readFile(join(ours, "folder.json"), "utf8");
    for (let at = 0; at < text.length; at += 7) {
      const found = await startDamaged((dir) =>
        writeFile(join(dir, "folder.json"), `${text.slice(0, at)}#${text.slice(at + 1)}`),
      );
      expect(found, `character ${at}`).toEqual(["LOCAL_DIR_INVALID"]);
    }
    expect(await startDamaged((dir) => truncate(join(dir, "folder.json"), 0))).toEqual(["LOCAL_DIR_INVALID"]);
  });

  test("a first start that was interrupted before all parts existed is completed by the next", async () => {
    const dir = join(folder, "cut-off");
    await start(dir);
    for (const part of ["mqtt", "s3", "ca"]) await rm(join(dir, part), { recursive: true });
    const [, json = ""] = /^\w+ (.*)\n$/.exec(await readFile(join(dir, "folder.json"), "utf8")) ?? [];
    const record = JSON.stringify({ id: JSON.parse(json).id });
    const checksum = crc32(record).toString(16).padStart(8, "0");
    await writeFile(join(dir, "folder.json"), `${checksum} ${record}\n`);
    expect(await start(dir)).toEqual([]);
    await rm(join(dir, "mqtt"), { recursive: true });
    expect(await start(dir)).toEqual(["LOCAL_DIR_INVALID"]);
  });
});

describe.skipIf(!canMount)("on a disk that fills up", () => {
  let disk: SmallDisk | undefined;
  let local: Local | undefined;

  afterAll(async () => {
    await local?.stop();
    disk?.unmount();
  });

  test("refused changes are not shown, and changes are accepted again when there is space", async () => {
    const dir = await mkdtemp(join(folder, "small-"));
    disk = new SmallDisk(dir);
    const log: string[] = [];
    local = await startLocal({ dir, clock, log: (line) => log.push(line) });
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const iot = new IoTClient({
      endpoint: local.endpoint,
      region: local.region,
      credentials,
      maxAttempts: 1,
    });
    const create = (thingName: string) => iot.send(new CreateThingCommand({ thingName }));
    const list = async (client = iot) =>
      ((await client.send(new ListThingsCommand({}))).things ?? []).map((thing) => thing.thingName);
    await writeFile(join(dir, "ballast"), Buffer.alloc(1024 * 1024)).catch(() => undefined);

    const acknowledged: string[] = [];
    let refused = 0;
    for (let round = 0; refused < 20; round += 1) {
      const names = Array.from({ length: 10 }, (_, index) => `t-${round}-${index}`);
      const results = await Promise.allSettled(names.map(create));
      results.forEach((result, index) => {
        if (result.status === "fulfilled") acknowledged.push(names[index] ?? "");
        else {
          refused += 1;
          expect(result.reason).toMatchObject({ name: "ServiceUnavailableException" });
          expect(result.reason.message).toMatch(
            /^the change was not made, because it could not be written to .*: ENOSPC/,
          );
        }
      });
    }
    expect((await list()).sort()).toEqual([...acknowledged].sort());
    await rm(join(dir, "ballast"));
    await create("with-room");
    acknowledged.push("with-room");
    expect((await list()).sort()).toEqual([...acknowledged].sort());
    expect(log.filter((line) => line.includes("cannot write the state"))).toHaveLength(1);
    expect(log.filter((line) => line.includes("can be written again"))).toHaveLength(1);

    await local.stop();
    local = await startLocal({ dir, clock });
    const after = new IoTClient({ endpoint: local.endpoint, region: local.region, credentials });
    expect((await list(after)).sort()).toEqual([...acknowledged].sort());
    iot.destroy();
    after.destroy();
  });
});
