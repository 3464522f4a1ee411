import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fota, type Running, startFota } from "./cli.js";

let folder: string;
let image: string;
let local: Running;
let env: Record<string, string>;
const devices: Running[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-device-"));
  image = join(folder, "app.bin");
  await writeFile(image, randomBytes(3_000_000));
  const ports = ["--port", "--https-port", "--mqtt-port", "--mqtts-port"].flatMap((port) => [port, "0"]);
  local = startFota(["local", "--json", "--strict", ...ports, "--bucket", "firmware"]);
  const info = JSON.parse(await local.line((line) => line.startsWith("{")));
  expect(Object.keys(info)).toEqual(["endpoint", "https", "mqtt", "mqtts", "ca", "region", "dir"]);
  env = { AWS_ENDPOINT_URL: info.endpoint };
});

afterAll(async () => {
  for (const { child } of devices) child.kill("SIGKILL");
  local.child.kill("SIGTERM");
  expect((await local.ended).code).toBe(0);
  await rm(folder, { recursive: true, force: true });
});

async function startDevice(thing: string, ...more: string[]): Promise<Running> {
  const args = ["device", "--local", "--thing", thing, "--dir", join(folder, thing), "--json", ...more];
  const device = startFota(args, env);
  devices.push(device);
  await device.line((line) => line.includes('"connected"'));
  return device;
}

async function publish(thing: string, ...more: string[]) {
  const args = ["publish", image, "--slot", "1", "--to", thing, "--bucket", "firmware", "--local", ...more];
  return await fota(args, env);
}

async function executionOf(jobId: string, thing: string) {
  const { code, stdout } = await fota(
    ["status", jobId, "--wait", "--thing", thing, "--local", "--json"],
    env,
  );
  return { code, execution: JSON.parse(stdout).executions[0] };
}

test("a virtual device takes an update, and a stop is clean", async () => {
  const device = await startDevice("good-1");
  const { jobId } = JSON.parse((await publish("good-1", "--json")).stdout);
  expect(await executionOf(jobId, "good-1")).toMatchObject({ code: 0, execution: { status: "SUCCEEDED" } });
  const [slot, published] = await Promise.all(
    [join(folder, "good-1", "slot-1"), image].map((path) => readFile(path)),
  );
  expect(slot?.equals(published ?? Buffer.alloc(0))).toBe(true);
  device.child.kill("SIGTERM");
  expect((await device.ended).code).toBe(0);
});

test("--count runs many things in one process, each with its own folder and its own end", async () => {
  const things = ["fleet-1", "fleet-2", "fleet-3"];
  const args = [
    "device",
    "--local",
    "--thing",
    "fleet",
    "--count",
    "3",
    "--dir",
    join(folder, "fleet"),
    "--json",
  ];
  const fleet = startFota(args, env);
  devices.push(fleet);
  for (const thing of things) {
    await fleet.line((line) => line.includes('"connected"') && line.includes(`"${thing}"`));
  }
  const { stdout } = await publish("fleet-1", "--to", "fleet-2", "--to", "fleet-3", "--json");
  const waited = await fota(["status", JSON.parse(stdout).jobId, "--wait", "--local", "--json"], env);
  expect(waited.code).toBe(0);
  expect(JSON.parse(waited.stdout).counts.succeeded).toBe(3);
  const published = await readFile(image);
  for (const thing of things) {
    expect((await readFile(join(folder, "fleet", thing, "slot-1"))).equals(published)).toBe(true);
  }
  fleet.child.kill("SIGTERM");
  expect((await fleet.ended).code).toBe(0);
});

test("of many devices, one that cannot run ends them all with its error", async () => {
  const dir = join(folder, "blocked");
  await mkdir(dir);
  await writeFile(join(dir, "blocked-2"), "a file where the folder of a device should be");
  const ended = await fota(["device", "--local", "--thing", "blocked", "--count", "2", "--dir", dir], env);
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/error: .*blocked-2/) });
});

test.each(["0", "1001", "two"])("--count %s is wrong usage", async (count) => {
  const { code, stderr } = await fota(["device", "--local", "--thing", "a", "--count", count], env);
  expect(code).toBe(2);
  expect(stderr).toContain(`--count must be a number from 1 to 1000, got "${count}"`);
});

test("AWS IoT presigns each time that the device asks: the update ends SUCCEEDED", async () => {
  const device = await startDevice("presigned-1");
  const role = "arn:aws:iam::000000000000:role/fota-presign";
  const published = await publish("presigned-1", "--presign", "iot", "--role", role, "--json");
  const { jobId, document } = JSON.parse(published.stdout);
  expect(document.bc_url).toMatch(/^\$\{aws:iot:s3-presigned-url/);
  expect(await executionOf(jobId, "presigned-1")).toMatchObject({ execution: { status: "SUCCEEDED" } });
  device.child.kill("SIGTERM");
  expect((await device.ended).code).toBe(0);
});

test("a terminal that is closed (SIGHUP) ends a device in good order", async () => {
  const device = await startDevice("hung-up-1");
  device.child.kill("SIGHUP");
  expect((await device.ended).code).toBe(0);
});

test.each([
  ["boot", "invalid fota"],
  ["self-test", "self-test-failed"],
  ["hang", "invalid fota"],
])("--fail %s ends FAILED with its cause, back on the old slot", async (fail, reason) => {
  const thing = `bad-${fail}`;
  const device = await startDevice(thing, "--fail", fail, "--confirm-within", "1s");
  const published = await publish(thing, "--wait", "--json");
  expect(published.code).toBe(3);
  const { jobId } = JSON.parse((await publish(thing, "--json")).stdout);
  expect(await executionOf(jobId, thing)).toMatchObject({
    code: 3,
    execution: { status: "FAILED", reason, running: "slot 0" },
  });
  device.child.kill("SIGTERM");
  expect((await device.ended).code).toBe(0);
});

test.each(["downloading", "verifying", "installing", "trial", "confirming"])(
  "kill -9 while %s: started again, the device ends on one image and the job tells which",
  async (phase) => {
    const thing = `killed-${phase}`;
    const device = await startDevice(thing);
    const { jobId } = JSON.parse((await publish(thing, "--json")).stdout);
    await device.line((line) => line.includes(`"phase":"${phase}"`) || line.includes('"phase":"done"'));
    device.child.kill("SIGKILL");
    await device.ended;
    const again = await startDevice(thing);
    const { execution } = await executionOf(jobId, thing);
    const succeeded = execution.status === "SUCCEEDED";
    expect(execution.running).toBe(succeeded ? "slot 1" : "slot 0");
    if (!succeeded) expect(execution).toMatchObject({ status: "FAILED", reason: "invalid fota" });
    again.child.kill("SIGTERM");
    await again.ended;
  },
);

test("a wrong certificate or key is told at once, and not tried again and again", async () => {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "empty.pem")];
  await writeFile(cert, "<html>not found</html>");
  await writeFile(key, "");
  const args = ["device", "--thing", "x", "--mqtt", "mqtts://127.0.0.1:1", "--dir", join(folder, "x")];
  const { code, stderr } = await fota([...args, "--cert", cert, "--key", key]);
  expect(code).toBe(2);
  expect(stderr).toContain(
    `the device certificate ${cert} holds text without a PEM block, not a certificate (CONFIG_INVALID)`,
  );
});
