import { createHash, createPrivateKey, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DescribeJobCommand, IoTClient, ListThingsCommand } from "@aws-sdk/client-iot";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { keptPort } from "../../shared/test/kept-port.js";
import { fota, type Running, startFota } from "./cli.js";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

let folder: string;
let image: string;
let local: Running;
let env: Record<string, string>;
let iot: IoTClient;
const devices: Running[] = [];

beforeAll(async () => {
  stubEnvironment();
  folder = await mkdtemp(join(tmpdir(), "fota-device-"));
  image = join(folder, "app.bin");
  await writeFile(image, randomBytes(3_000_000));
  const ports = ["--port", "--https-port", "--mqtt-port", "--mqtts-port"].flatMap((port) => [port, "0"]);
  local = startFota(["local", "--json", "--strict", ...ports, "--bucket", "firmware"]);
  const info = JSON.parse(await local.line((line) => line.startsWith("{")));
  expect(Object.keys(info)).toEqual(["endpoint", "https", "mqtt", "mqtts", "ca", "region", "dir"]);
  env = { AWS_ENDPOINT_URL: info.endpoint };
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  iot = new IoTClient({ endpoint: info.endpoint, region: info.region, credentials });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  iot.destroy();
  for (const { child } of devices) child.kill("SIGKILL");
  local.child.kill("SIGTERM");
  expect((await local.ended).code).toBe(0);
  await rm(folder, { recursive: true, force: true });
});

/** One command line in this process: what is real here are the stand-in and the devices. */
async function fotaHere(args: readonly string[], env: Record<string, string> = {}) {
  return await runFota(args, { cwd: folder, env });
}

async function startDevice(thing: string, ...more: string[]): Promise<Running> {
  const args = ["device", "--local", "--thing", thing, "--dir", join(folder, thing), "--json", ...more];
  const device = startFota(args, env);
  devices.push(device);
  await device.line((line) => line.includes('"connected"'));
  return device;
}

async function publish(thing: string, ...more: string[]) {
  const args = ["publish", image, "--slot", "1", "--to", thing, "--bucket", "firmware", "--local", ...more];
  return await fotaHere(args, env);
}

/** Resolves when the job has ended; looks more often than `status --wait`, which polls AWS. */
async function jobEnded(jobId: string): Promise<void> {
  const look = async () => (await iot.send(new DescribeJobCommand({ jobId }))).job?.status;
  await expect.poll(look, { interval: 50 }).toBe("COMPLETED");
}

async function executionOf(jobId: string, thing: string) {
  await jobEnded(jobId);
  const { code, stdout } = await fotaHere(
    ["status", jobId, "--wait", "--thing", thing, "--local", "--json"],
    env,
  );
  return { code, execution: JSON.parse(stdout).executions[0] };
}

/** What `fota fleet <thing>` shows. */
async function fleetThing(thing: string, more: Record<string, string> = env): Promise<object> {
  return JSON.parse((await fotaHere(["fleet", thing, "--local", "--json"], more)).stdout);
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

test("a device whose job is canceled during the download says so, and then takes the next one", async () => {
  const device = await startDevice("canceled-1");
  const fault = { kind: "slowTransfer", bytesPerSecond: 1_000, method: "GET" };
  const faults = `${env["AWS_ENDPOINT_URL"]}/_fota/faults`;
  const headers = { "content-type": "application/json" };
  await fetch(faults, { method: "POST", headers, body: JSON.stringify(fault) });
  try {
    const { jobId } = JSON.parse((await publish("canceled-1", "--json")).stdout);
    await device.line((line) => line.includes('"downloading"'));
    expect(await fotaHere(["cancel", jobId, "--force", "--yes", "--local"], env)).toMatchObject({ code: 0 });
    await device.line((line) => line.includes('"jobGone"'));
  } finally {
    await fetch(faults, { method: "DELETE" });
  }
  const next = JSON.parse((await publish("canceled-1", "--json", "--job-id", "next-1")).stdout);
  expect(await executionOf(next.jobId, "canceled-1")).toMatchObject({ execution: { status: "SUCCEEDED" } });
  device.child.kill("SIGTERM");
  const { code, stdout } = await device.ended;
  expect(code).toBe(0);
  expect(stdout.match(/"event":"jobGone"/g)).toHaveLength(1);
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
  const { jobId } = JSON.parse(stdout);
  await jobEnded(jobId);
  const waited = await fotaHere(["status", jobId, "--wait", "--local", "--json"], env);
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

test.each(["0", "-1", "1.5", "two"])("--count %s is wrong usage", async (count) => {
  const { code, stderr } = await fotaHere(["device", "--local", "--thing", "a", `--count=${count}`], env);
  expect(code).toBe(2);
  expect(stderr).toContain(`--count must be a number from 1 up, got "${count}"`);
});

test("the last name of many must be a name too", async () => {
  const { code, stderr } = await fotaHere(
    ["device", "--local", "--thing", "x".repeat(126), "--count", "100"],
    env,
  );
  expect(code).toBe(2);
  expect(stderr).toContain(`"${"x".repeat(126)}-100" is not a valid thing name`);
});

test("the making of certificates is counted, with EC keys, and nothing is warned of", async () => {
  const dir = join(folder, "counted");
  const args = ["device", "--local", "--thing", "counted", "--count", "20", "--dir", dir];
  const device = startFota(args, env);
  devices.push(device);
  for (let i = 1; i <= 20; i += 1) {
    await device.line((line) => line.startsWith(`counted-${i} `) && line.includes("connected"));
  }
  device.child.kill("SIGTERM");
  const { code, stderr } = await device.ended;
  expect(code).toBe(0);
  const made = stderr.split("\n").filter((line) => line.startsWith("making certificates: "));
  expect(made).toHaveLength(10);
  expect(made.at(-1)).toBe("making certificates: 20/20");
  expect(stderr).not.toMatch(/warning/i);
  const { privateKey } = JSON.parse(await readFile(join(dir, "counted-7", "identity.json"), "utf8"));
  expect(createPrivateKey(privateKey).asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
});

test("a device of a model and a version refuses what is not for it, and takes over the version it installs", async () => {
  const device = await startDevice("versed-1", "--model", "pump", "--fw-version", "1.0.0");
  const failed = async (id: string, ...more: string[]) => {
    const { stdout } = await publish("versed-1", "--json", "--job-id", id, ...more);
    const { code, execution } = await executionOf(JSON.parse(stdout).jobId, "versed-1");
    expect(code).toBe(3);
    return execution;
  };
  expect(await failed("other-model", "--model", "valve")).toMatchObject({ status: "FAILED" });
  expect(await failed("too-old", "--min-version", "1.5.0")).toMatchObject({ status: "FAILED" });
  expect(await fleetThing("versed-1")).toMatchObject({ version: "1.0.0", model: "pump", slot: 0 });
  const { stdout } = await publish("versed-1", "--json", "--fw-version", "2.0.0", "--model", "pump");
  expect(await executionOf(JSON.parse(stdout).jobId, "versed-1")).toMatchObject({ code: 0 });
  const imageSha256 = createHash("sha256")
    .update(await readFile(image))
    .digest("hex");
  await expect
    .poll(() => fleetThing("versed-1"))
    .toMatchObject({ version: "2.0.0", slot: 1, imageSha256, connected: true });
  device.child.kill("SIGTERM");
  await device.ended;

  // Also after a restart it is what it installed, whatever the option says of the factory's image.
  const again = await startDevice("versed-1", "--model", "pump", "--fw-version", "1.0.0");
  const args = ["publish", image, "--slot", "0", "--to", "versed-1", "--bucket", "firmware", "--local"];
  const next = await fotaHere([...args, "--min-version", "1.5.0", "--fw-version", "2.1.0", "--json"], env);
  expect(await executionOf(JSON.parse(next.stdout).jobId, "versed-1")).toMatchObject({ code: 0 });
  again.child.kill("SIGTERM");
  await again.ended;
});

test.each([
  ["anew on the same ports, with another CA,", false],
  ["again on other ports, with its folder,", true],
])("a stand-in that starts %s gets its device back by itself", async (_what, hasFolder) => {
  const runtime = await mkdtemp(join(tmpdir(), "fota-run-"));
  const found = { XDG_RUNTIME_DIR: runtime, TMPDIR: runtime };
  const names = ["--port", "--https-port", "--mqtt-port", "--mqtts-port"];
  const start = async (ports: string[]) => {
    const args = names.flatMap((name, index) => [name, ports[index] ?? "0"]);
    if (hasFolder) args.push("--dir", join(runtime, "state"));
    const running = startFota(["local", "--json", "--strict", "--bucket", "firmware", ...args], found);
    devices.push(running);
    return { running, info: JSON.parse(await running.line((line) => line.startsWith("{"))) };
  };
  const kept = await Promise.all(names.map(async () => String(await keptPort())));
  const first = await start(hasFolder ? [] : kept);
  const thing = "patient-1";
  const device = startFota(
    ["device", "--local", "--thing", thing, "--dir", join(runtime, thing), "--fw-version", "1.0.0", "--json"],
    found,
  );
  devices.push(device);
  await device.line((line) => line.includes('"connected"'));
  const events: string[] = [];
  createInterface({ input: device.child.stdout ?? process.stdin }).on("line", (line) => events.push(line));
  const inventory = { version: "1.0.0", slot: 0 };
  await expect.poll(() => fleetThing(thing, found)).toMatchObject(inventory);
  first.running.child.kill("SIGKILL");
  await device.line((line) => line.includes('"disconnected"'));

  const second = await start(hasFolder ? [] : kept);
  await expect.poll(() => events.filter((line) => line.includes('"connected"')).length).toBe(1);
  // A new stand-in knows no shadow: the device reports again.
  await expect.poll(() => fleetThing(thing, found)).toMatchObject(inventory);
  const to = ["publish", image, "--slot", "1", "--to", thing, "--bucket", "firmware", "--local", "--wait"];
  const published = await fotaHere([...to, "--wait-timeout", "60s", "--json"], found);
  expect(published).toMatchObject({ code: 0, stderr: "" });

  device.child.kill("SIGTERM");
  expect((await device.ended).code).toBe(0);
  second.running.child.kill("SIGTERM");
  expect((await second.running.ended).stderr).not.toContain("undefined");
  await rm(runtime, { recursive: true });
});

test("devices wait for the stand-in that they started with, whatever others run, and warn once", async () => {
  const runtime = await mkdtemp(join(tmpdir(), "fota-run-"));
  const found = { XDG_RUNTIME_DIR: runtime, TMPDIR: runtime };
  const start = async (name: string) => {
    const args = ["local", "--json", "--ports", "auto", "--dir", join(runtime, name)];
    const running = startFota(args, found);
    devices.push(running);
    return { running, info: JSON.parse(await running.line((line) => line.startsWith("{"))) };
  };
  const first = await start("a");
  const options = ["--thing", "loyal", "--count", "3", "--dir", join(runtime, "devices")];
  const device = startFota(["device", "--local", ...options, "--json"], found);
  devices.push(device);
  const events: string[] = [];
  createInterface({ input: device.child.stdout ?? process.stdin }).on("line", (line) => events.push(line));
  let warnings = "";
  device.child.stderr?.on("data", (piece: Buffer) => {
    warnings += piece.toString();
  });
  const count = (what: string) => events.filter((line) => line.includes(what)).length;
  await expect.poll(() => count('"connected"')).toBe(3);

  const other = await start("b");
  first.running.child.kill("SIGTERM");
  await first.running.ended;
  await expect.poll(() => warnings).toContain("waiting for");
  const third = await start("c");
  const again = await start("a");
  await expect.poll(() => count('"connected"')).toBe(6);

  for (const { info } of [other, third]) {
    const { credentials } = iot.config;
    const client = new IoTClient({ endpoint: info.endpoint, region: info.region, credentials });
    expect((await client.send(new ListThingsCommand({}))).things).toEqual([]);
    client.destroy();
  }
  expect(warnings).toBe(`warning: waiting for \`fota local\` at ${first.info.endpoint}\n`);
  expect(count('"warning"')).toBe(0);
  for (const { child, ended } of [device, other.running, third.running, again.running]) {
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  }
  await rm(runtime, { recursive: true });
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
  const events: string[] = [];
  createInterface({ input: device.child.stdout ?? process.stdin }).on("line", (line) => events.push(line));
  const published = await publish(thing, "--wait", "--json");
  expect(published.code).toBe(3);
  const { jobId } = JSON.parse((await publish(thing, "--json")).stdout);
  expect(await executionOf(jobId, thing)).toMatchObject({
    code: 3,
    execution: { status: "FAILED", reason, running: "slot 0" },
  });
  device.child.kill("SIGTERM");
  expect((await device.ended).code).toBe(0);
  expect(events.filter((line) => line.includes('"reason"'))).toHaveLength(1);
  expect(events.filter((line) => line.includes('"warning"'))).toEqual([]);
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

test("a wrong certificate or key is reported at once, and not tried again and again", async () => {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "empty.pem")];
  await writeFile(cert, "<html>not found</html>");
  await writeFile(key, "");
  const args = ["device", "--thing", "x", "--mqtt", "mqtts://127.0.0.1:1", "--dir", join(folder, "x")];
  const { code, stderr } = await fotaHere([...args, "--cert", cert, "--key", key]);
  expect(code).toBe(2);
  expect(stderr).toContain(
    `the device certificate ${cert} holds text without a PEM block, not a certificate (CONFIG_INVALID)`,
  );
});

test("a published patch is all that a device fetches", async () => {
  const thing = "pump-patch";
  const next = join(folder, "next.bin");
  const bytes = await readFile(image);
  await writeFile(
    next,
    Buffer.concat([bytes.subarray(0, 1_000_000), randomBytes(500), bytes.subarray(1_000_000)]),
  );
  await startDevice(thing);
  const args = ["publish", "--to", thing, "--bucket", "firmware", "--local", "--json"];
  const first = JSON.parse((await fotaHere([...args, image, "--slot", "1"], env)).stdout);
  await jobEnded(first.jobId);
  const second = await fotaHere([...args, next, "--slot", "0", "--delta-from", image], env);
  const { jobId } = JSON.parse(second.stdout);
  const { execution } = await executionOf(jobId, thing);
  expect(execution).toMatchObject({ status: "SUCCEEDED", via: "patch" });
  expect(execution.fetchedBytes).toBeLessThan(5_000);
  const { stdout } = await fotaHere(["status", jobId, "--local"], env);
  expect(stdout).toMatch(/^ {2}saved +\S+ MiB of \S+ MiB by patches, on 1 thing$/m);
});
