import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { startProgram } from "./agent-program.js";
import { StandIn, type StandInDevice } from "./stand-in.js";
import { watchProcess } from "./watched-process.js";

const hasTools = ["systemd-notify", "python3"].every((tool) => !spawnSync(tool, ["--version"]).error);

/** Prints what comes to the datagram socket in its argument, one field in a line. */
const RECEIVER = `
import socket, sys
name = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\\0" + name[1:] if name[0] == "@" else name)
print("listening", flush=True)
while True:
    print(receiver.recv(4096).decode().strip(), flush=True)
`;

let dir: string;
let standIn: StandIn;
let device: StandInDevice;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-notify-"));
  standIn = await StandIn.start();
  await standIn.buildFirmware("1.0.0");
  device = await standIn.makeDevice("1.0.0");
});
afterAll(async () => {
  await device.boot.dispose();
  await standIn.stop();
  await rm(dir, { recursive: true });
});

function receive(socket: string) {
  return watchProcess(spawn("python3", ["-c", RECEIVER, socket], { stdio: ["ignore", "pipe", "pipe"] }));
}

test.skipIf(!hasTools).each([
  ["a path", () => join(dir, "notify")],
  ["an abstract name", () => `@fota-${randomBytes(6).toString("hex")}`],
])("it notifies a socket with %s: ready, status, reload, stop", async (_what, name) => {
  const socket = name();
  const receiver = receive(socket);
  await receiver.says(/listening/);
  const daemon = startProgram(device, ["run"], { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "100000" });
  await receiver.says(/^READY=1$/);
  await receiver.says(/^STATUS=waiting for the slots$/);
  await receiver.says(/^WATCHDOG=1$/);
  daemon.process.kill("SIGHUP");
  await receiver.says(/^MONOTONIC_USEC=\d+$/);
  const states = () => receiver.output().match(/^(READY|RELOADING|STOPPING)=1$/gm);
  const reloaded = ["READY=1", "RELOADING=1", "READY=1"];
  await daemon.says(/reload: using/);
  await eventually(() => expect(states()).toEqual(reloaded));
  daemon.process.kill("SIGTERM");
  expect(await daemon.ended).toBe(0);
  await receiver.says(/^STOPPING=1$/);
  expect(states()).toEqual([...reloaded, "STOPPING=1"]);
  receiver.process.kill("SIGKILL");
  await receiver.ended;
});

test.skipIf(!hasTools)("it sends no sign of life for another process that systemd watches", async () => {
  const socket = join(dir, "other");
  const receiver = receive(socket);
  await receiver.says(/listening/);
  const watched = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "100000", WATCHDOG_PID: "1" };
  const daemon = startProgram(device, ["run"], watched);
  await daemon.says(/connected to|fota-boot runs no image/);
  daemon.process.kill("SIGTERM");
  await daemon.ended;
  expect(receiver.output()).toMatch(/READY=1/);
  expect(receiver.output()).not.toMatch(/WATCHDOG/);
  receiver.process.kill("SIGKILL");
  await receiver.ended;
});

test("without systemd-notify, it runs, and says so once", async () => {
  const daemon = startProgram(device, ["run"], { NOTIFY_SOCKET: "/run/none", PATH: dir });
  await daemon.says(/systemd does not learn .*systemd-notify is not installed/);
  await daemon.says(/fota-boot runs no image/);
  daemon.process.kill("SIGHUP");
  await daemon.says(/using the new configuration/);
  daemon.process.kill("SIGTERM");
  expect(await daemon.ended).toBe(0);
  expect(daemon.output().match(/systemd-notify/g)).toHaveLength(1);
});
