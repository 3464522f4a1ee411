import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { takeServiceVariables } from "../program/service-variables.js";
import { ServiceManager } from "./service-manager.js";

let dir: string;
let log: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-notify-"));
  log = [];
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(dir, { recursive: true });
});

/** A service whose `systemd-notify` is a shell script. By default, it writes the socket and its arguments to a file. */
function service(script = `echo "$NOTIFY_SOCKET $*" >> ${dir}/sent`): ServiceManager {
  const tool = join(dir, "tool");
  writeFileSync(tool, `#!/bin/sh\n${script}\n`);
  chmodSync(tool, 0o755);
  const variables = { NOTIFY_SOCKET: "@n" };
  return new ServiceManager({ variables, tool, log: (level, text) => log.push(`${level}: ${text}`) });
}

const sent = () => readFileSync(join(dir, "sent"), "utf8").trim().split("\n");

test("messages are sent one after the other, and none after the stop", async () => {
  const manager = service();
  manager.ready();
  manager.showStatus("starting");
  manager.reloading();
  manager.ready();
  manager.stopping();
  manager.showStatus("late");
  manager.stopping();
  await manager.flushed();
  const [first, status, reload, ...rest] = sent();
  expect([first, status]).toEqual(["@n READY=1", "@n STATUS=starting"]);
  expect(reload).toMatch(/^@n RELOADING=1 MONOTONIC_USEC=\d+$/);
  expect(rest).toEqual(["@n READY=1", "@n STOPPING=1 STATUS=stopping"]);
  expect(log).toEqual([]);
});

test("the status is a line, and of many in a short time only the first and the last are sent", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const manager = service();
  manager.showStatus("0 %\nREADY=1");
  for (let percent = 1; percent <= 50; percent += 1) manager.showStatus(`${percent} %`);
  await manager.flushed();
  expect(sent()).toEqual(["@n STATUS=0 %\\u000aREADY=1"]);
  vi.advanceTimersByTime(3_000);
  await manager.flushed();
  expect(sent().slice(1)).toEqual(["@n STATUS=50 %"]);
  vi.advanceTimersByTime(9_000);
  manager.showStatus("50 %");
  await manager.flushed();
  expect(sent()).toHaveLength(2);
});

test("a tool that is missing is logged once, and the agent goes on", async () => {
  const variables = { NOTIFY_SOCKET: "/run/n" };
  const tool = join(dir, "no-such-tool");
  const manager = new ServiceManager({ variables, tool, log: (_level, text) => log.push(text) });
  manager.ready();
  manager.showStatus("starting");
  await manager.flushed();
  manager.reloading();
  await manager.flushed();
  expect(log).toEqual([
    `systemd does not learn the status of fota-agent: ${tool} is not installed; install it, it belongs to systemd`,
  ]);
});

test("a tool that fails is logged once for each reason, and used again", async () => {
  const manager = service("echo no such socket >&2; exit 1");
  manager.ready();
  await manager.flushed();
  manager.reloading();
  await manager.flushed();
  expect(log).toEqual([expect.stringMatching(/tool: no such socket$/)]);
});

test("a process that cannot be started, as without memory, is logged, and the agent goes on", async () => {
  const variables = { NOTIFY_SOCKET: "/run/n" };
  const tool = "not\0started"; // `spawn` throws, as it does after ENOMEM
  const manager = new ServiceManager({ variables, tool, log: (_level, text) => log.push(text) });
  manager.ready();
  await manager.flushed();
  expect(log).toEqual([expect.stringMatching(/^systemd does not learn .*null bytes/)]);
});

test("without the variables, nothing is started", async () => {
  const tool = join(dir, "no-such-tool");
  const manager = new ServiceManager({ variables: {}, tool, log: (_level, text) => log.push(text) });
  manager.ready();
  manager.showStatus("starting");
  manager.startWatchdog(async () => undefined);
  manager.stopping();
  await manager.flushed();
  expect(log).toEqual([]);
});

test("the variables are taken out of the environment", () => {
  const env = { PATH: "/bin", NOTIFY_SOCKET: "/run/n", WATCHDOG_USEC: "5", WATCHDOG_PID: "", HOME: "/" };
  expect(takeServiceVariables(env)).toEqual({ NOTIFY_SOCKET: "/run/n", WATCHDOG_USEC: "5" });
  expect(env).toEqual({ PATH: "/bin", HOME: "/" });
});
