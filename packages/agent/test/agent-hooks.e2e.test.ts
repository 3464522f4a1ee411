import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { readBootRecord } from "../src/boot/boot-record.js";
import { AppDevice } from "./app-device.js";
import { isAlive } from "./boot-device.js";
import type { WatchedProcess } from "./watched-process.js";

const app = AppDevice.forEachTest(0);
let hooks: string;

beforeEach(async () => {
  hooks = join(app.dir, "hooks.d");
  await mkdir(hooks);
});

/** Writes a hook that notes its call in the file `calls`, and then runs `script`. */
async function hook(name: string, script = "", mode = 0o755): Promise<void> {
  const calls = join(app.dir, "calls");
  const note = `echo "${name} job=$FOTA_JOB_ID slot=$FOTA_IMAGE_SLOT running=$FOTA_RUNNING_SLOT result=$FOTA_RESULT_STATUS" >> ${calls}`;
  await writeFile(join(hooks, name), `#!/bin/sh\n${note}\n${script}\n`);
  await chmod(join(hooks, name), mode);
}

async function calls(): Promise<string[]> {
  const text = await readFile(join(app.dir, "calls"), "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}

async function start(env: Readonly<Record<string, string>> = {}): Promise<WatchedProcess> {
  const daemon = app.start(["run"], env);
  await daemon.says(/connected to/);
  return daemon;
}

test("all hooks are asked in order, with the facts of the update", async () => {
  const all = ["before-download", "before-install", "before-reset", "self-test", "after-confirm"];
  for (const name of [...all, "after-revert"]) await hook(name);
  await hook("before-install", `cat > ${app.dir}/stdin`);
  const daemon = await start();
  const jobId = await app.standIn.createJob("2.0.0", app.device.thingName);
  await daemon.says(/hook after-confirm allowed/);
  await eventually(async () => expect((await app.resultOf(jobId)).status).toBe("SUCCEEDED"));
  expect(await calls()).toEqual(
    all.map((name) => {
      const [running, result] = [
        name.startsWith("before") ? 0 : 1,
        name === "after-confirm" ? "SUCCEEDED" : "",
      ];
      return `${name} job=${jobId} slot=1 running=${running} result=${result}`;
    }),
  );
  expect(JSON.parse(await readFile(join(app.dir, "stdin"), "utf8"))).toMatchObject({
    hook: "before-install",
    jobId,
    thingName: app.device.thingName,
    image: { slot: 1, md5: expect.stringMatching(/^[0-9a-f]{32}$/) },
    running: { slot: 0 },
  });
});

test("a hook that defers is asked again; one that refuses ends the job as REJECTED, with its words", async () => {
  await hook(
    "before-download",
    `[ $(grep -c before-download ${app.dir}/calls) = 2 ] || { echo "1 the valve is open"; exit 75; }`,
  );
  await hook("before-install", "echo 'not this one'; exit 3");
  const daemon = await start();
  const jobId = await app.standIn.createJob("2.0.0", app.device.thingName);
  await daemon.says(/hook before-download deferred: the valve is open/);
  await eventually(async () => expect((await app.resultOf(jobId)).status).toBe("REJECTED"));
  expect(await app.resultOf(jobId)).toMatchObject({
    reason: "refused",
    detail: "before-install: not this one",
  });
  expect((await calls()).map((line) => line.split(" ")[0])).toEqual([
    "before-download",
    "before-download",
    "before-install",
  ]);
});

test("a self test that fails reverts the image, and after-revert runs on the old one", async () => {
  await hook("self-test", "echo 'no sensor' >&2; exit 1");
  await hook("after-revert");
  const daemon = await start();
  const jobId = await app.standIn.createJob("2.0.0", app.device.thingName);
  await daemon.says(/hook after-revert allowed/);
  expect((await calls()).at(-1)).toBe(`after-revert job=${jobId} slot=1 running=0 result=FAILED`);
  await eventually(async () => expect((await app.resultOf(jobId)).status).toBe("FAILED"));
  expect(await app.resultOf(jobId)).toMatchObject({
    reason: "self-test-failed",
    detail: "self-test: no sensor",
  });
  expect(await readBootRecord(app.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
});

test("a hook that hangs is killed and defers the update; a broken or unknown one is named at the start", async () => {
  await hook("before-download", "sleep 600 & wait");
  await hook("before-reset", "", 0o644);
  await hook("before_install");
  const daemon = await start({ FOTA_AGENT_HOOKS_TIME_LIMIT_SECONDS: "0.5" });
  const jobId = await app.standIn.createJob("2.0.0", app.device.thingName);
  await daemon.says(/hook before-download failed: before-download did not end within 0\.5 s and was killed/);
  await eventually(async () =>
    expect((await app.resultOf(jobId)).detail).toMatch(/did not end within 0\.5 s/),
  );
  expect(daemon.output()).toMatch(/before-reset is not executable; run `chmod \+x /);
  expect(daemon.output()).toMatch(
    /before_install is not the name of a hook and is ignored; rename it to before-install/,
  );
});

test("a hook that is a link to a missing file holds the update; with the file, it goes on", async () => {
  const elsewhere = join(app.dir, "elsewhere");
  await symlink(elsewhere, join(hooks, "before-download"));
  const daemon = await start();
  const jobId = await app.standIn.createJob("2.0.0", app.device.thingName);
  const detail = expect.stringMatching(/before-download is a link to a file that does not exist$/);
  await eventually(async () =>
    expect(await app.resultOf(jobId)).toMatchObject({ status: "IN_PROGRESS", detail }),
  );
  expect(daemon.output()).toMatch(
    /warn: .*before-download is a link to .*; restore the file, or remove the link/,
  );
  await writeFile(elsewhere, "#!/bin/sh\n", { mode: 0o755 });
  daemon.process.kill("SIGHUP");
  await daemon.says(/hook before-download allowed/);
  await daemon.says(/reporting -> idle/);
  expect(await app.resultOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
});

test("a daemon that is killed while a hook runs: the next one kills the hook and asks again", async () => {
  await hook(
    "before-download",
    `[ $(grep -c before-download ${app.dir}/calls) = 2 ] && exit 0; sleep 600 & echo "$$ $!" > ${app.dir}/pids; wait`,
  );
  const daemon = await start();
  const jobId = await app.standIn.createJob("2.0.0", app.device.thingName);
  const pids = await eventually(async () => {
    const text = await readFile(join(app.dir, "pids"), "utf8");
    expect(text).toMatch(/^\d+ \d+\n$/); // both run: the shell writes this after it has started the other one
    return text.trim().split(" ").map(Number);
  });
  daemon.process.kill("SIGKILL");
  await daemon.ended;
  const next = app.start(["run"]);
  const killed = await next.says(/killed what an earlier run left/);
  for (const pid of pids) {
    expect(killed).toMatch(new RegExp(`\\b${pid}\\b`));
    expect(await isAlive(pid)).toBe(false);
  }
  await next.says(/reporting -> idle/);
  expect(await app.resultOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
});
