import { chmod, mkdir, mkdtemp, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { initBootRecord } from "../src/boot/boot-record.js";
import { AppDevice } from "./app-device.js";
import { FakeTime, fakeTimeMissing } from "./fake-time.js";
import { MovedClock } from "./moved-clock.js";
import { canMount, SmallDisk } from "./small-disk.js";

const app = AppDevice.forEachTest(120_000);

async function outputOf(command: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const program = app.start([command], env);
  await program.ended;
  return program.output();
}

test("every file of the state is damaged: each is reported, and the next update works", async () => {
  const files = ["state", "history", "jobs", "after-hooks", "inventory", "trust"].map(
    (name) => `fota-${name}.json`,
  );
  for (const file of files) await writeFile(join(app.dir, file), '{"formatVersion":1,"ite');
  await writeFile(join(app.dir, "fota-running"), "");
  await mkdir(join(app.dir, "fota-agent.sock"));
  const daemon = app.start(["run"], { FOTA_AGENT_INVENTORY: "true" });
  await daemon.says(/connected to/);
  const jobId = await app.standIn.createJob("2.0.0", app.device.thingName);
  await daemon.says(/reporting -> idle/);
  expect(await app.resultOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
  for (const what of [
    /ignoring the saved update state: it is not valid/,
    /fota-history\.json is damaged: the running version and the last result are unknown/,
    /fota-jobs\.json is damaged: other jobs that were in progress here are not reported any more/,
    /fota-after-hooks\.json is damaged: hooks that were due after an update do not run/,
  ]) {
    expect(daemon.output()).toMatch(what);
  }
  expect(await outputOf("status")).toMatch(/^last +SUCCEEDED/m);
  expect(await readdir(app.dir)).toEqual(expect.arrayContaining(["fota-running.bad", "fota-agent.sock.bad"]));
});

test("the wall clock jumps by a year, forward during the download and back on trial: SUCCEEDED", async () => {
  const clock = await MovedClock.make(app.dir);
  await mkdir(join(app.dir, "hooks.d"));
  const selfTest = join(app.dir, "hooks.d", "self-test");
  await writeFile(
    selfTest,
    `#!/bin/sh\n[ -e ${app.dir}/tested ] && exit 0\ntouch ${app.dir}/tested\necho 1 again\nexit 75\n`,
  );
  await chmod(selfTest, 0o755);
  const daemon = app.start(["run"], clock.env);
  await daemon.says(/connected to/);
  const { jobId, goOn } = await app.createStalledJob();
  await daemon.says(/consulting -> downloading/);
  await clock.moveDays(365);
  goOn();
  await daemon.says(/hook self-test deferred/);
  await clock.moveDays(-365);
  await daemon.says(/reporting -> idle/);
  expect(await app.resultOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
});

if (fakeTimeMissing !== undefined) console.log(`no test of a wrong clock: ${fakeTimeMissing}`);

test.skipIf(fakeTimeMissing !== undefined)(
  "with a clock before its certificates, it waits, says so, and connects when the clock is set",
  async () => {
    const time = await FakeTime.make(app.dir, "2001-01-01 00:00:00");
    const daemon = app.start(["run"], time.env);
    await daemon.says(
      /error: .*its certificate is not valid now \(CERT_NOT_YET_VALID\).*; check the clock of this/,
    );
    expect(await outputOf("check", time.env)).toMatch(
      /^FAIL {2}clock +2001-01-01\S+ is before the device's certificate was issued .*\n +-> set the clock, .*NTP/m,
    );
    await time.set("2090-01-01 00:00:00");
    const expired = await outputOf("check", time.env);
    expect(expired).toMatch(/^FAIL {2}certificate +\S+ expired at .*\n +-> replace it, or check the clock/m);
    await time.set(new Date().toISOString().slice(0, 19).replace("T", " "));
    await daemon.says(/connected to/);
  },
);

describe.skipIf(!canMount)("on small disks (needs root)", () => {
  let small: string;
  let disk: SmallDisk;
  beforeEach(async () => {
    small = await mkdtemp(join(tmpdir(), "fota-small-"));
    disk = new SmallDisk(small);
  });
  afterEach(async () => {
    disk.unmount();
    await rm(small, { recursive: true });
  });

  test("a state folder that is read-only at the start: commands work once it is writable, without a restart", async () => {
    disk.turnReadOnly();
    const settings = { FOTA_AGENT_STATE_DIR: small, FOTA_AGENT_SLOTS_DIR: app.dir };
    const daemon = app.start(["run"], settings);
    await daemon.says(
      /warn: cannot listen for .*: the file system is read-only \(EROFS\), \S+; mount it read-write/,
    );
    await daemon.says(/connected to/);
    expect(await outputOf("status", settings)).toMatch(
      /^error: fota-agent runs, but does not listen at \S+fota-agent\.sock \(DEVICE_BUSY\)\nhint: /,
    );
    const check = await outputOf("check", settings);
    expect(check).toMatch(/^FAIL {2}daemon +fota-agent runs, but does not listen at/m);
    expect(check).not.toMatch(/broker/); // a second connection would end that of the daemon
    disk.turnWritable();
    const jobId = await app.standIn.createJob("2.0.0", app.device.thingName);
    await daemon.says(/info: listening for commands/);
    await daemon.says(/reporting -> idle/);
    expect(await app.resultOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
    expect(await outputOf("status", settings)).toMatch(/^daemon +connected/m);
  });

  test("slots whose disk becomes full during the download: FAILED with the reason, and the next job works", async () => {
    await writeFile(join(small, "slot-0"), "#!/bin/sh\nexec sleep 600\n");
    await initBootRecord(small, 0);
    const daemon = app.start(["run"], {
      FOTA_AGENT_SLOTS_DIR: small,
      FOTA_AGENT_SLOTS_RUNNING_SLOT: "0",
      FOTA_AGENT_SLOTS_RESTART_COMMAND: "true",
    });
    await daemon.says(/connected to/);
    const { jobId, goOn } = await app.createStalledJob();
    await daemon.says(/consulting -> downloading/);
    await eventually(async () => expect(await readdir(small)).toContain("slot-1"));
    const { bavail, bsize } = await statfs(small);
    await writeFile(join(small, "logs"), Buffer.alloc(bavail * bsize));
    goOn();
    await daemon.says(/reporting -> idle/);
    expect(await app.resultOf(jobId)).toMatchObject({
      status: "FAILED",
      reason: "slot-failed",
      detail: expect.stringMatching(/^cannot write slot 1: no space left on the disk \(ENOSPC\)/),
    });
    await rm(join(small, "logs"));
    await app.standIn.createJob("2.0.0", app.device.thingName);
    await daemon.says(/consulting -> trial/);
  });
});
