import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal } from "@fota/shared";
import { beforeEach, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { AppDevice } from "./app-device.js";
import { seededRandom } from "./random.js";
import type { WatchedProcess } from "./watched-process.js";

/** How often the daemon or a handler is killed; `npm run sweep` does it 200 times. */
const KILLS = process.env["FOTA_SWEEP"] ? 200 : 12;

const random = seededRandom();
const app = AppDevice.forEachTest(0);
let handlers: string;

beforeEach(async () => {
  handlers = join(app.dir, "jobs.d");
  await mkdir(handlers);
});

async function handler(name: string, script: string, mode = 0o755): Promise<void> {
  await writeFile(join(handlers, name), `#!/bin/sh\ncd ${app.dir}\n${script}\n`);
  await chmod(join(handlers, name), mode);
}

function run(env: Readonly<Record<string, string>> = {}): WatchedProcess {
  return app.start(["run"], env);
}

async function kill(daemon: WatchedProcess): Promise<void> {
  daemon.process.kill("SIGKILL");
  await daemon.ended;
}

async function createJob(document: object): Promise<string> {
  return await app.standIn.createJobWith(document, app.device.thingName);
}

async function endOf(jobId: string): Promise<Record<string, string | undefined>> {
  return await eventually(async () => {
    const result = await app.resultOf(jobId);
    expect(result).toMatchObject({ status: expect.stringMatching(/SUCCEEDED|FAILED|REJECTED/) });
    return result;
  });
}

const read = async (name: string) => await readFile(join(app.dir, name), "utf8").catch(() => "");

test("handlers get the document and the facts, and decide the status", async () => {
  await handler("echo", 'echo "$FOTA_OPERATION $FOTA_ATTEMPT $FOTA_RUNNING_SLOT"; cat');
  await handler("fail", "echo 'no disk' >&2; exit 4");
  await handler("count", 'echo "copied"; echo \'{"status": "REJECTED", "details": {"files": 3}}\'');
  await handler("later", "[ -e once ] && exit 0; touch once; echo '1 busy'; exit 75");
  await handler("plain", "exit 0", 0o644);
  await writeFile(join(handlers, "lost"), "#!/no/such/interpreter\n", { mode: 0o755 });
  const daemon = run();
  const jobs: Record<string, string> = {};
  for (const operation of ["echo", "fail", "count", "later", "plain", "lost", "../echo", "nobody"]) {
    jobs[operation] = await createJob({ operation, n: 1 });
  }
  const result = async (operation: string) => await endOf(jobs[operation] ?? "");
  expect(await result("echo")).toEqual({
    status: "SUCCEEDED",
    output: 'echo 1 0 {"operation":"echo","n":1}',
  });
  expect(await result("fail")).toEqual({
    status: "FAILED",
    reason: "handler-failed",
    detail: "exit code 4",
    errors: "no disk",
  });
  expect(await result("count")).toEqual({ status: "REJECTED", files: "3", output: "copied" });
  expect(await result("plain")).toMatchObject({
    status: "FAILED",
    detail: expect.stringMatching(/plain is not executable$/),
  });
  expect(await result("lost")).toMatchObject({
    status: "FAILED",
    detail: expect.stringMatching(/lost needs the interpreter \/no\/such\/interpreter, which does not exist/),
  });
  expect(await result("later")).toMatchObject({ status: "SUCCEEDED" });
  await daemon.says(/has no operation that can name a handler: left to other programs/);
  await daemon.says(/has no nobody: left to other programs/);
  for (const left of ["../echo", "nobody"]) {
    expect(await app.resultOf(jobs[left] ?? "")).toEqual({ status: "QUEUED" });
  }
});

test("a handler that hangs holds up no update", async () => {
  await handler("hang", "echo started > hang; sleep 600 & wait");
  run();
  const hanging = await createJob({ operation: "hang" });
  await eventually(async () => expect(await read("hang")).toBe("started\n"));
  const slotSize = 400_000;
  await writeFile(app.standIn.imagePath("3.0.0"), `#!/bin/sh\nexit 3\n${"#".repeat(slotSize)}`);
  const update = await app.standIn.createJob("3.0.0", app.device.thingName);
  await eventually(async () =>
    expect(await app.resultOf(update)).toMatchObject({ phase: expect.anything() }),
  );
  expect(await endOf(update)).toMatchObject({ status: "FAILED" });
  expect(await app.resultOf(hanging)).toMatchObject({ status: "IN_PROGRESS" });
});

test("a handler that hangs is killed after its time limit", async () => {
  await handler("hang", "sleep 600 & wait");
  run({ FOTA_AGENT_JOBS_TIME_LIMIT_SECONDS: "0.5" });
  expect(await endOf(await createJob({ operation: "hang" }))).toMatchObject({ status: "FAILED" });
});

test("handlers run while an update downloads", async () => {
  await handler("quick", "echo done");
  const daemon = run();
  await daemon.says(/connected to/);
  const update = "fw-slow";
  const stall = app.standIn.local.faults.add({ kind: "stallTransfer", key: update, atByte: 300_000 });
  await writeFile(app.standIn.imagePath("4.0.0"), `#!/bin/sh\nexec sleep 6000\n${"#".repeat(600_000)}`);
  await app.standIn.createJob("4.0.0", app.device.thingName, 1, update);
  const behind = await createJob({ operation: "quick" });
  await daemon.says(/consulting -> downloading/);
  expect(await endOf(behind)).toMatchObject({ status: "SUCCEEDED" });
  const later = await createJob({ operation: "quick" });
  expect(await endOf(later)).toMatchObject({ status: "SUCCEEDED" });
  expect(await app.resultOf(update)).toMatchObject({ status: "IN_PROGRESS" });
  app.standIn.local.faults.remove(stall.id);
  await daemon.says(/reporting -> idle/);
  expect(await app.resultOf(update)).toMatchObject({ status: "SUCCEEDED" });
  for (const jobId of [behind, later]) {
    expect(daemon.output().split(`job ${jobId}: running quick`)).toHaveLength(2); // once
  }
});

test("a handler that restarts the device each time is started three times, and the job says so", async () => {
  await handler("restart", 'echo "$FOTA_ATTEMPT" >> attempts; kill -9 $PPID; sleep 600');
  const jobId = await createJob({ operation: "restart" });
  for (let start = 0; start < 3; start += 1) await run().ended;
  run();
  expect(await endOf(jobId)).toMatchObject({
    status: "FAILED",
    detail: "restart was started 3 times and never ended by itself",
  });
  expect(await read("attempts")).toBe("1\n2\n3\n");
});

test(
  `daemon or handler killed ${KILLS} times at random: no handler starts more than 3 times, and no job tells a lie`,
  async () => {
    // Each start and each end is one line, so that the log of the device can be held against the jobs.
    await handler(
      "work",
      'echo $$ > pid; echo "start $FOTA_JOB_ID" >> log; sleep 0.2; echo "end $FOTA_JOB_ID" >> log; rm pid',
    );
    const ends: Record<string, number> = {};
    let daemon = run();
    for (let kills = 0; kills < KILLS; ) {
      const jobId = await createJob({ operation: "work" });
      for (let status = "QUEUED"; !isTerminal(status as "QUEUED"); ) {
        await daemon.says(/connected to/);
        await sleep(random() * 700);
        if (kills < KILLS && random() < 0.7) {
          kills += 1;
          await kill(daemon);
          daemon = run();
        } else if (kills < KILLS) {
          kills += killHandler(Number(await read("pid")));
        }
        status = (await app.resultOf(jobId))["status"] ?? "";
      }
      const { status = "", detail } = await app.resultOf(jobId);
      const log = (await read("log")).split("\n");
      const count = (line: string) => log.filter((each) => each === `${line} ${jobId}`).length;
      const [starts, finished] = [count("start"), count("end")];
      ends[status] = (ends[status] ?? 0) + 1;
      const story = { status, detail, starts, finished };
      expect(story).toMatchObject({ starts: expect.toSatisfy((n: number) => n <= 3) });
      if (status === "SUCCEEDED")
        expect(story).toMatchObject({ finished: expect.toSatisfy((n: number) => n >= 1) });
      else expect(story.detail).toMatch(/killed by SIGKILL|never ended by itself/);
    }
    console.log(`${KILLS} kills of fota-agent and its handlers: ${JSON.stringify(ends)}`);
  },
  60_000 + KILLS * 5_000,
);

/** Returns how many handlers it has killed. */
function killHandler(pid: number): 0 | 1 {
  if (!(pid > 0)) return 0; // none has started yet, or it has ended
  try {
    process.kill(-pid, "SIGKILL");
    return 1;
  } catch {
    return 0;
  }
}

// AWS IoT permits the same job id and execution number again after DeleteJob.
test("a job that is deleted and created again while its handler runs gets a run of its own", async () => {
  await handler("turn", "cat >> documents; until [ -e go ]; do sleep 0.05; done");
  const daemon = run();
  const jobId = await createJob({ operation: "turn", n: 1 });
  await eventually(async () => expect(await read("documents")).toContain('"n":1'));
  await app.standIn.deleteJob(jobId);
  await app.standIn.createJobWith({ operation: "turn", n: 2 }, app.device.thingName, jobId);
  await writeFile(join(app.dir, "go"), "");
  await daemon.says(/is queued again: its earlier run does not count/);
  expect(await endOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
  expect(await read("documents")).toBe('{"operation":"turn","n":1}\n{"operation":"turn","n":2}\n');
});

test("a job that is deleted and created again while the daemon is down counts as new", async () => {
  await handler("turn", '[ "$FOTA_ATTEMPT" -gt 1 ] && exit 0; cat >> documents; [ -e go ] || sleep 600');
  const daemon = run();
  const jobId = await createJob({ operation: "turn", n: 1 });
  await eventually(async () => expect(await read("documents")).toContain('"n":1'));
  await kill(daemon);
  await app.standIn.deleteJob(jobId);
  await app.standIn.createJobWith({ operation: "turn", n: 2 }, app.device.thingName, jobId);
  await writeFile(join(app.dir, "go"), "");
  run();
  expect(await endOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
  expect(await read("documents")).toBe('{"operation":"turn","n":1}\n{"operation":"turn","n":2}\n');
});
