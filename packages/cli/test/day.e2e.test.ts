import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RESULTS } from "../src/results.js";
import { fota, type Running, startFota } from "./cli.js";

// A day after a publish, by the real binary: devices that update, one that cannot, and the commands in between.

let folder: string;
let env: Record<string, string>;
const running: Running[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-day-"));
  await writeFile(join(folder, "app.bin"), randomBytes(50_000));
  const ports = ["--port", "--https-port", "--mqtt-port", "--mqtts-port"].flatMap((port) => [port, "0"]);
  const local = startFota(["local", "--json", ...ports, "--bucket", "firmware"]);
  running.push(local);
  env = { AWS_ENDPOINT_URL: JSON.parse(await local.line((line) => line.startsWith("{"))).endpoint };
  await startDevices("good", 3);
  await startDevices("bad", 1, "--fail", "boot");
});

afterAll(async () => {
  for (const { child, ended } of running.reverse()) {
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  }
  await rm(folder, { recursive: true, force: true });
});

async function startDevices(thing: string, count: number, ...more: string[]): Promise<void> {
  const dir = join(folder, thing);
  const args = [
    "device",
    "--local",
    "--thing",
    thing,
    "--count",
    String(count),
    "--dir",
    dir,
    "--json",
    ...more,
  ];
  const devices = startFota(args, env);
  running.push(devices);
  for (let i = 1; i <= count; i += 1) {
    await devices.line((line) => line.includes('"connected"') && line.includes(`"${thing}-${i}"`));
  }
}

/** What a command prints with `--json`, held to what docs/cli.md says of it. */
async function result(code: number, name: string, ...args: string[]) {
  const ended = await fota([name, ...args, "--local", "--json"], env);
  expect(ended, ended.stderr).toMatchObject({ code });
  const value = JSON.parse(ended.stdout);
  const ofJob = args[0]?.startsWith("j") ?? false;
  const shape = RESULTS.find(
    ({ command }) => command.split(" ")[0] === name && command.endsWith("<job>") === ofJob,
  );
  if (shape === undefined) throw new Error(`results.ts has nothing of fota ${name}`);
  return v.parse(shape.schema, value);
}

test("publish, follow, explain, retry, promote, clean up", async () => {
  const image = join(folder, "app.bin");
  const options = [
    "--slot",
    "1",
    "--bucket",
    "firmware",
    "--job-id",
    "j1",
    "--to",
    "good-1",
    "--to",
    "bad-1",
  ];
  await result(0, "publish", image, ...options);
  expect(await result(3, "status", "j1", "--wait")).toMatchObject({
    counts: { succeeded: 1, failed: 1 },
    causes: [{ reason: "invalid fota", things: ["bad-1"] }],
  });
  expect(await result(0, "why", "j1", "--thing", "bad-1")).toMatchObject({ thing: "bad-1" });
  expect(await result(0, "show", "j1")).toMatchObject({ jobId: "j1", status: "COMPLETED" });

  const refused = await fota(["promote", "j1", "--to", "good-2", "--local"], env);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("(JOB_NOT_PROVEN)") });
  await result(0, "promote", "j1", "--to", "good-2", "--job-id", "j2", "--force");
  expect(await result(0, "status", "j2", "--wait")).toMatchObject({ counts: { succeeded: 1 } });
  await result(0, "retry", "j1", "--job-id", "j3");
  expect(await result(3, "status", "j3", "--wait")).toMatchObject({ counts: { failed: 1 }, total: 1 });

  const { jobs } = (await result(0, "list")) as { jobs: { jobId: string }[] };
  expect(jobs.map(({ jobId }) => jobId)).toEqual(["j3", "j2", "j1"]);
  for (const job of ["j1", "j2"]) {
    expect(await result(0, "delete", job, "--yes")).toMatchObject({
      jobId: job,
      images: [{ removed: false }],
    });
  }
  expect(await result(0, "delete", "j3", "--yes")).toMatchObject({ images: [{ removed: true }] });
  expect(((await result(0, "list")) as { jobs: unknown[] }).jobs).toEqual([]);
});

test("a job that waits is explained, and taken back", async () => {
  const image = join(folder, "app.bin");
  const later = ["--start", "+2h", "--presign", "iot", "--role", "arn:aws:iam::000000000000:role/fota"];
  const options = ["--slot", "0", "--bucket", "firmware", "--job-id", "j4", "--to", "good-3", ...later];
  await result(0, "publish", image, ...options);
  expect(await result(0, "why", "j4")).toMatchObject({ cause: "job-scheduled" });
  const unanswered = await fota(["cancel", "j4", "--local"], env);
  expect(unanswered).toMatchObject({ code: 1, stderr: expect.stringContaining("(DECLINED)") });
  expect(await result(0, "cancel", "j4", "--yes", "--reason", "WRONG_BUILD")).toMatchObject({
    changed: true,
  });
  expect(await result(0, "status", "j4")).toMatchObject({ status: "CANCELED", reasonCode: "WRONG_BUILD" });
  expect(await result(0, "why", "j4")).toMatchObject({ cause: "job-canceled" });
});
