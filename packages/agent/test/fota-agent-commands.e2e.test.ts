import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { readBootRecord } from "../src/boot/boot-record.js";
import { askDaemon, connectToDaemon } from "../src/daemon/control/client.js";
import { startProgram } from "./agent-program.js";
import { StandIn, type StandInDevice } from "./stand-in.js";
import { killAll, type WatchedProcess } from "./watched-process.js";

let standIn: StandIn;
let device: StandInDevice;
let image: Buffer;
const processes: WatchedProcess[] = [];

beforeAll(async () => {
  standIn = await StandIn.start();
  for (const version of ["1.0.0", "2.0.0", "3.0.0"]) await standIn.makeApp(version, 100_000);
  image = await readFile(standIn.imagePath("2.0.0"));
});
afterAll(async () => await standIn.stop());
beforeEach(async () => {
  device = await standIn.makeDevice("1.0.0");
});
afterEach(async () => {
  await killAll(processes);
  await device.boot.dispose();
});

function run(env: Readonly<Record<string, string>> = {}): WatchedProcess {
  const daemon = startProgram(device, ["run"], env);
  processes.push(daemon);
  return daemon;
}

/** Begins `install` of version 2.0.0. The second half of the image is sent when `finish` is called. */
async function beginInstall(daemon: WatchedProcess) {
  const socket = await connectToDaemon(device.boot.dir);
  if (socket === undefined) throw new Error("no daemon listens");
  let finish = () => {};
  const isFinished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  async function* halves() {
    yield image.subarray(0, image.length / 2);
    await isFinished;
    yield image.subarray(image.length / 2);
  }
  const digest = (name: string) => createHash(name).update(image).digest("hex");
  const request = { sizeBytes: image.length, md5: digest("md5"), sha256: digest("sha256") };
  const result = askDaemon(socket, { command: "install", ...request }, { image: halves() });
  result.catch(() => {}); // awaited by the test, after other steps
  await daemon.says(/command: install/);
  return { result, finish };
}

test("an agent that connects during `install` starts no update before that has ended", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const port = Number(new URL(standIn.local.mqtts).port);
  let isOpen = false;
  const broker = createServer((socket) => {
    socket.on("error", () => {});
    if (!isOpen) return void socket.destroy();
    const onward = connect(port, "127.0.0.1").on("error", () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(broker, "listening");
  const daemon = run({ FOTA_AGENT_ENDPOINT: `localhost:${(broker.address() as AddressInfo).port}` });
  await daemon.says(/error: /);
  await standIn.createJob("3.0.0", device.thingName);
  const { result, finish } = await beginInstall(daemon);
  isOpen = true;
  await daemon.says(/connected to/);
  const status = startProgram(device, ["status"]);
  expect(await status.ended).toBe(0);
  expect(daemon.output()).not.toMatch(/update: /);
  finish();
  expect(await result).toMatchObject({ slot: 1, restart: true });
  await launcher.says(/app 2\.0\.0/);
  await daemon.says(/installed image in slot 1 is confirmed/);
  broker.close();
});

test("a reload during `install` ends that with an error, and the next update works", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const daemon = run();
  await daemon.says(/connected to/);
  const { result, finish } = await beginInstall(daemon);
  daemon.process.kill("SIGHUP");
  await daemon.says(/reload: using the new configuration/);
  await eventually(() => expect(daemon.output().match(/connected to/g)).toHaveLength(2));
  finish();
  await expect(result).rejects.toThrow(/the image was not installed: .*configuration/);
  await standIn.createJob("3.0.0", device.thingName);
  await launcher.says(/app 3\.0\.0/);
  await daemon.says(/SUCCEEDED/);
});

test("SIGTERM during `install` ends both at once, and the device runs what it ran", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const daemon = run();
  await daemon.says(/connected to/);
  const { result } = await beginInstall(daemon);
  daemon.process.kill("SIGTERM");
  await expect(result).rejects.toThrow();
  expect(await daemon.ended).toBe(0);
  expect(await readBootRecord(device.boot.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
});

/** Installs an image on a device whose restart fails, so it does not boot. Returns the daemon. */
async function installWithoutRestart() {
  const config = JSON.parse(await readFile(device.config, "utf8"));
  const slots = { type: "files", restartCommand: [join(device.boot.dir, "no-such-restart")] };
  await writeFile(device.config, JSON.stringify({ ...config, slots }));
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const daemon = run();
  await daemon.says(/connected to/);
  const { result, finish } = await beginInstall(daemon);
  finish();
  expect(await result).toMatchObject({ slot: 1, restart: true });
  return daemon;
}

test("a restart that fails after a command is logged, and the daemon goes on", async () => {
  const daemon = await installWithoutRestart();
  await daemon.says(/error: .*restartCommand failed: .*does not exist/);
  const status = startProgram(device, ["status"]);
  expect(await status.ended).toBe(0);
  expect(status.output()).toMatch(/connected/);
});

test("`revert` ends an install that has not booted: its result is there at once, not after later updates", async () => {
  await installWithoutRestart();
  expect(await startProgram(device, ["revert"]).ended).toBe(0);
  const status = startProgram(device, ["status", "--json"]);
  expect(await status.ended).toBe(0);
  const last = { status: "FAILED", reason: "reverted-by-hand", jobId: null };
  expect(JSON.parse(status.output())).toMatchObject({ boot: "confirmed", last });
});

test("a configuration that every user can write is told by the log and by check", async () => {
  await chmod(device.config, 0o666);
  const daemon = run();
  await daemon.says(/warn: \S+\.json can be written by every user, .*; run `chmod o-w /);
  const check = startProgram(device, ["check"]);
  await check.ended;
  expect(check.output()).toMatch(/^warn {2}permissions +\S+\.json can be written by every user/m);
});
