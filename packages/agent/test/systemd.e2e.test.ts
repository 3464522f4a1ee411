import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROGRAM } from "./agent-program.js";
import { StandIn, type StandInDevice } from "./stand-in.js";
import { canBootSystemd, SystemdMachine } from "./systemd-machine.js";
import type { WatchedProcess } from "./watched-process.js";

const UNITS = join(import.meta.dirname, "../systemd");
const DROP_INS = "/etc/systemd/system/fota-agent.service.d";
const POLLING = { interval: 200 };
const CONFIG = "/etc/fota/agent.json";

describe.skipIf(!canBootSystemd)("fota-agent under a real systemd", () => {
  let machine: SystemdMachine;
  let standIn: StandIn;
  let device: StandInDevice;
  let config: Record<string, string>;
  /** What the agent logs in a test, and what systemd logs about it. */
  let journal: WatchedProcess;

  beforeAll(async () => {
    standIn = await StandIn.start();
    for (const version of ["1.0.0", "2.0.0"]) {
      const script = `#!/bin/sh\n# ${version}\nexec sleep 600\n`;
      await writeFile(standIn.imagePath(version), script, { mode: 0o755 });
    }
    device = await standIn.makeDevice("1.0.0");
    machine = await SystemdMachine.boot({
      "/etc/systemd/system/fota-agent.service": await readFile(join(UNITS, "fota-agent.service"), "utf8"),
      "/etc/systemd/system/fota-boot.service": await readFile(join(UNITS, "fota-boot.service"), "utf8"),
    });
    machine.copy(PROGRAM, "/usr/local/bin/fota-agent");
    machine.copy(join(PROGRAM, "../fota-boot.cjs"), "/usr/local/bin/fota-boot");
    config = JSON.parse(await readFile(device.config, "utf8")) as Record<string, string>;
    for (const key of ["cert", "key", "ca"]) {
      machine.copy(config[key] ?? "", `/etc/fota/${key}.pem`);
      config[key] = `${key}.pem`;
    }
    await machine.write("/etc/default/fota-agent", "FOTA_AGENT_TRIAL_CONFIRM_AFTER_SECONDS=0.3\n");
    machine.copy(standIn.imagePath("1.0.0"), "/app");
    await machine.run("fota-boot", "--dir", "/var/lib/fota", "--install", "/app");
    await systemctl("start", "fota-boot");
  });
  afterAll(async () => {
    await machine?.stop();
    await device?.boot.dispose();
    await standIn?.stop();
  });
  beforeEach(async () => {
    await machine.write(CONFIG, JSON.stringify(config));
    const { output } = await machine.run("journalctl", "--lines=0", "--show-cursor");
    const cursor = /cursor: (.*)/.exec(output)?.[1] ?? "";
    const args = ["--follow", `--after-cursor=${cursor}`, "--output=cat", "--unit=fota-agent"];
    journal = machine.watch("journalctl", ...args); // ends with the machine
  });
  afterEach(async () => {
    await systemctl("stop", "fota-agent");
    await machine.run("rm", "-rf", DROP_INS);
    await systemctl("daemon-reload");
    await systemctl("reset-failed");
  });

  async function systemctl(...args: string[]): Promise<void> {
    const { code, output } = await machine.run("systemctl", ...args);
    if (code !== 0) throw new Error(`systemctl ${args.join(" ")}: ${output}\n${journal?.output()}`);
  }

  async function property(name: string): Promise<string> {
    const { output } = await machine.run("systemctl", "show", "fota-agent", "--value", `--property=${name}`);
    return output.trim();
  }

  async function start(...settings: string[]): Promise<void> {
    if (settings.length > 0) {
      await machine.write(`${DROP_INS}/test.conf`, ["[Service]", ...settings, ""].join("\n"));
      await systemctl("daemon-reload");
    }
    await systemctl("start", "fota-agent");
  }

  /** Returns the priority that the journal has of a line. */
  async function priorityOf(text: RegExp): Promise<string | undefined> {
    const { output } = await machine.run("journalctl", "--output=json", "--unit=fota-agent");
    const entries = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, string>);
    return entries.find(({ MESSAGE = "" }) => text.test(MESSAGE))?.["PRIORITY"];
  }

  const polled = (name: string) => expect.poll(() => property(name), POLLING);

  test("it is active as soon as commands reach it, shows its status, and stops as a success", async () => {
    await start();
    expect(await property("ActiveState")).toBe("active");
    const { output } = await machine.run("fota-agent", "status"); // the answer of the daemon, also if it still starts
    expect(output).toMatch(/^daemon +(waiting|connect)/m);
    await polled("StatusText").toBe("connected to the broker, no update in progress");
    await systemctl("stop", "fota-agent");
    expect(await property("Result")).toBe("success");
    expect(await property("ExecMainStatus")).toBe("0");
  });

  test("without network it is active, too", async () => {
    await start("PrivateNetwork=yes");
    expect(await property("ActiveState")).toBe("active");
    await journal.says(/ECONNREFUSED/);
  });

  test("a configuration that is not valid fails the start, and the next start works", async () => {
    await machine.write(CONFIG, "{");
    await expect(start("RestartSec=0.1")).rejects.toThrow(/failed/);
    await journal.says(/Scheduled restart job/);
    await machine.write(CONFIG, JSON.stringify(config));
    await polled("ActiveState").toBe("active");
  });

  test("a reload uses the new configuration; one that is not valid changes nothing", async () => {
    await start();
    await journal.says(/connected to/);
    const pid = await property("MainPID");
    await machine.write(CONFIG, "{");
    await systemctl("reload", "fota-agent");
    await journal.says(/^reload: .*the configuration stays as it was/);
    await machine.write(CONFIG, JSON.stringify({ ...config, model: "pump" }));
    await systemctl("reload", "fota-agent");
    await journal.says(/^reload: using the new configuration/);
    expect(await priorityOf(/^reload: .*the configuration stays as it was/)).toBe("3");
    expect(await priorityOf(/^reload: using the new configuration/)).toBe("6");
    await polled("ActiveState").toBe("active");
    expect(await property("MainPID")).toBe(pid);
    expect((await machine.run("fota-agent", "status")).output).toMatch(/\(pump\)/);
  });

  test("systemd gets signs of life from a process that works", async () => {
    await start("WatchdogSec=10");
    const pid = await property("MainPID");
    const seen = new Set<string>();
    const signs = async () => seen.add(await property("WatchdogTimestampMonotonic")).size;
    await expect.poll(signs, POLLING).toBeGreaterThan(2); // at the start, by READY, and half a limit later
    expect(await property("MainPID")).toBe(pid);
  });

  test("systemd kills and restarts a process that stands still", async () => {
    await start("WatchdogSec=3", "RestartSec=0");
    await systemctl("kill", "--kill-whom=main", "--signal=STOP", "fota-agent");
    await journal.says(/Failed with result 'watchdog'/);
    await polled("NRestarts").not.toBe("0");
    await polled("ActiveState").toBe("active");
  });

  test("an event loop that runs is not enough: systemd restarts an agent whose I/O hangs", async () => {
    await machine.run("mkfifo", "/etc/fota/version");
    const oneThread = "Environment=UV_THREADPOOL_SIZE=1 FOTA_AGENT_FIRMWARE_VERSION_FILE=/etc/fota/version";
    await start("WatchdogSec=1", "TimeoutStopSec=1", oneThread); // to open the pipe blocks its only thread
    await journal.says(/Failed with result 'watchdog'/);
  });

  test("an update runs with the rights of the unit, and its hooks cannot speak for the agent", async () => {
    const hook =
      "#!/bin/sh\nenv > /var/lib/fota/hook-env\ntouch /etc/fota/made 2>/dev/null && exit 1\nexit 0\n";
    await machine.write("/etc/fota/hooks.d/before-download", hook, 0o755);
    await start();
    await journal.says(/connected to/);
    const jobId = await standIn.createJob("2.0.0", device.thingName);
    await journal.says(/reporting -> idle/);
    expect(await standIn.executionOf(jobId, device.thingName)).toMatchObject({ status: "SUCCEEDED" });
    const { output } = await machine.run("cat", "/var/lib/fota/hook-env");
    expect(output).toMatch(/^FOTA_HOOK=before-download$/m);
    expect(output).not.toMatch(/NOTIFY_SOCKET|WATCHDOG/);
    const firmware = await machine.run(
      "sh",
      "-c",
      "cat /proc/$(cut -d' ' -f1 /var/lib/fota/firmware.pid)/environ",
    );
    expect(firmware.output).toMatch(/FOTA_SLOT=1/);
  });

  test("an update of an application that runs as another user, in a folder of its own", async () => {
    const unit = "[Service]\nUser=games\nExecStart=fota-boot --dir /data/app\n";
    await machine.write("/etc/systemd/system/games.service", unit);
    await machine.run("sh", "-c", "mkdir -p /data/app && fota-boot --dir /data/app --install /app");
    await machine.run("chown", "-R", "games", "/data/app");
    await systemctl("start", "games");
    await start("ReadWritePaths=/data/app", "Environment=FOTA_AGENT_SLOTS_DIR=/data/app");
    await journal.says(/connected to/);
    const jobId = await standIn.createJob("2.0.0", device.thingName);
    await journal.says(/reporting -> idle/);
    expect(await standIn.executionOf(jobId, device.thingName)).toMatchObject({ status: "SUCCEEDED" });
  });
});
