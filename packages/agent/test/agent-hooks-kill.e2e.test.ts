import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal, type JobExecutionStatus } from "@fota/shared";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { readBootRecord } from "../src/boot/boot-record.js";
import { readEnvironment } from "../src/boot/processes.js";
import { startProgram } from "./agent-program.js";
import { cutPower } from "./boot-device.js";
import { seededRandom } from "./random.js";
import { StandIn, type StandInDevice } from "./stand-in.js";
import type { WatchedProcess } from "./watched-process.js";

/** How often a hook, its child or the daemon is killed; `npm run sweep` does it 200 times. */
const KILLS = process.env["FOTA_SWEEP"] ? 200 : 8;
/** After this many kills, a job may end. More than the failures in a row that a hook may have. */
const KILLS_PER_JOB = 6;
/** How long a hook runs. */
const HOOK_MS = 250;
const GATES = ["before-download", "before-install", "before-reset", "self-test"] as const;
const HOOKS = [...GATES, "after-confirm", "after-revert"] as const;
const VERSIONS = ["1.0.0", "2.0.0"];

const random = seededRandom();
let standIn: StandIn;
beforeAll(async () => {
  standIn = await StandIn.start();
  for (const version of VERSIONS) await standIn.makeApp(version);
});
afterAll(async () => await standIn.stop());

/** How each job meets its hooks: they allow all, `before-install` refuses, or each defers once for a second. */
type Plan = "allow" | "refuse" | "defer";

/** A hook that runs for a while beside a child, and writes down when it begins and what it decides. */
function scriptOf(dir: string): string {
  return `#!/bin/sh
cd ${dir}
name=\${0##*/}
sleep 600 & child=$!
echo "start $name $FOTA_JOB_ID" >> log
echo "$$ $child $name" > pids
sleep ${HOOK_MS / 1000}
kill $child 2>/dev/null
rm -f pids
plan=$(cat plan)
if [ "$plan" = defer ] && ! grep -q "end $name $FOTA_JOB_ID" log; then
  echo "end $name $FOTA_JOB_ID defer" >> log; echo "1 busy"; exit 75
fi
if [ "$plan $name" = "refuse before-install" ]; then
  echo "end $name $FOTA_JOB_ID refuse" >> log; echo "not now"; exit 3
fi
echo "end $name $FOTA_JOB_ID allow" >> log
`;
}

/** Processes of the hooks of this device, found by what the daemon gives them. */
async function hookProcesses(dir: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readEnvironment(pid);
      return (
        environment.includes(`KILLED_HOOKS=${dir}`) &&
        environment.some((each) => each.startsWith("FOTA_RUN_ID="))
      );
    }),
  );
  return pids.filter((_, i) => found[i]);
}

class KilledDevice {
  readonly #device: StandInDevice;
  readonly dir: string;

  private constructor(device: StandInDevice) {
    this.#device = device;
    this.dir = device.boot.dir;
  }

  static async make(): Promise<KilledDevice> {
    const device = new KilledDevice(await standIn.makeDevice("1.0.0"));
    await mkdir(join(device.dir, "hooks.d"));
    for (const hook of HOOKS) {
      await writeFile(join(device.dir, "hooks.d", hook), scriptOf(device.dir));
      await chmod(join(device.dir, "hooks.d", hook), 0o755);
    }
    return device;
  }

  get boot() {
    return this.#device.boot;
  }

  run(): WatchedProcess {
    return startProgram(this.#device, ["run"], {
      FOTA_AGENT_HOOKS_DIR: join(this.dir, "hooks.d"),
      KILLED_HOOKS: this.dir,
    });
  }

  async createJob(version: string, slot: number, plan: Plan): Promise<string> {
    await writeFile(join(this.dir, "plan"), plan);
    return await standIn.createJob(version, this.#device.thingName, slot);
  }

  async resultOf(jobId: string): Promise<{ status: JobExecutionStatus; reason?: string; detail?: string }> {
    const { status, statusDetails } = await standIn.executionOf(jobId, this.#device.thingName);
    return { status: status as JobExecutionStatus, ...statusDetails?.detailsMap };
  }

  async read(name: string): Promise<string> {
    return await readFile(join(this.dir, name), "utf8").catch(() => "");
  }

  /** The lines of a job in the log of the hooks: `start before-install`, `end before-install refuse`. */
  async story(jobId: string): Promise<string[]> {
    const lines = (await this.read("log")).split("\n").filter((line) => line.includes(jobId));
    return lines.map((line) => line.replace(` ${jobId}`, ""));
  }

  /** Waits until the daemon has noticed that a hook was killed, and the job shows it if the hook was asked for it. */
  async #isReported(daemon: WatchedProcess, jobId: string): Promise<void> {
    const failure = daemon.says(/hook \S+ failed: \S+ killed by SIGKILL/);
    const line = await Promise.race([failure, sleep(5_000)]); // none if the hook had just ended
    if (line === undefined || line.includes("hook after-")) return;
    const detail = async () => expect((await this.resultOf(jobId)).detail).toMatch(/killed by SIGKILL/);
    await vi.waitFor(detail, { timeout: 30_000, interval: 20 });
  }

  holds(slot: number, version: string): Promise<boolean> {
    return standIn.holds(this.#device, slot, version);
  }

  /**
   * Lets some hooks pass, and kills the next one, its child or the daemon at a random moment. Lets the daemon act on a
   * killed hook, or not. Returns what was killed, in which hook; `undefined` if the job is over.
   */
  async kill(
    daemon: WatchedProcess,
    jobId: string,
    isOver: () => Promise<boolean>,
  ): Promise<{ victim: "hook" | "child" | "daemon"; name: string } | undefined> {
    const seen = new Set<number>();
    for (let toPass = Math.floor(random() * (HOOKS.length - 1)); !(await isOver()); await sleep(10)) {
      const [, hook, child, name = ""] = /^(\d+) (\d+) (\S+)$/m.exec(await this.read("pids")) ?? [];
      if (hook === undefined || seen.has(Number(hook))) continue;
      seen.add(Number(hook));
      if (toPass-- > 0) continue;
      await sleep(random() * HOOK_MS);
      const victim = (["hook", "child", "daemon"] as const)[Math.floor(random() * 3)] ?? "daemon";
      const pid = { hook: Number(hook), child: Number(child), daemon: daemon.process.pid ?? 0 }[victim];
      if (!killed(pid)) continue;
      if (victim === "hook" && random() < 0.7) await this.#isReported(daemon, jobId);
      return { victim, name };
    }
    return undefined;
  }
}

/** Kills a process. Returns false if it has just ended. */
function killed(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

/** What a job's end and the log of its hooks must have in common, whatever was killed. */
function expectTruth(plan: Plan, status: string, reason: string | undefined, story: readonly string[]): void {
  const index = (line: string) => story.indexOf(line);
  // No step without the consent to the one before.
  for (const [i, gate] of GATES.entries()) {
    const next = GATES[i + 1];
    if (next === undefined || index(`start ${next}`) < 0) continue;
    expect(index(`end ${gate} allow`)).toBeGreaterThanOrEqual(0);
    expect(index(`end ${gate} allow`)).toBeLessThan(index(`start ${next}`));
  }
  if (status === "SUCCEEDED") {
    expect(plan).not.toBe("refuse");
    expect(story).toContain("end self-test allow");
  } else if (status === "REJECTED") {
    expect({ plan, reason }).toEqual({ plan: "refuse", reason: "refused" });
    expect(story).toContain("end before-install refuse");
  } else {
    expect(status).toBe("FAILED");
    expect(reason).toMatch(/^(hook-failed|self-test-failed)$/);
  }
  for (const hook of ["after-confirm", "after-revert"]) {
    expect(story.filter((line) => line === `start ${hook}`).length).toBeLessThanOrEqual(
      plan === "defer" ? 6 : 3,
    );
  }
}

test(
  `hooks, their children and the daemon are killed ${KILLS} times while a hook runs: each job tells what runs`,
  async () => {
    const device = await KilledDevice.make();
    const { boot, dir } = device;
    const [ends, killsOf, killsIn]: Record<string, number>[] = [{}, {}, {}];
    const count = (counts: Record<string, number> | undefined, key: string) => {
      if (counts !== undefined) counts[key] = (counts[key] ?? 0) + 1;
    };
    let runs = "1.0.0";
    for (let kills = 0; kills < KILLS; ) {
      const launcher = boot.launch(); // a new one for each job: fota-boot delays boots that follow each other quickly
      await launcher.says(/ pid /);
      const wanted = runs === "1.0.0" ? "2.0.0" : "1.0.0";
      const [slot, oldSlot] = (await readBootRecord(dir))?.workingSlot === 0 ? [1, 0] : [0, 1];
      const plan = (["allow", "refuse", "defer", "allow"] as const)[Math.floor(random() * 4)] ?? "allow";
      const jobId = await device.createJob(wanted, slot, plan);
      const isOver = async () =>
        isTerminal((await device.resultOf(jobId)).status) &&
        !(await device.read("fota-after-hooks.json")).includes(jobId);
      const victims: string[] = [];
      const limit = Math.ceil(random() * KILLS_PER_JOB);
      let daemon = device.run();
      while (victims.length < limit && kills < KILLS) {
        const kill = await device.kill(daemon, jobId, isOver);
        if (kill === undefined) break;
        const { victim, name } = kill;
        kills += 1;
        victims.push(`${victim} ${name}`);
        count(killsOf, victim);
        count(killsIn, name);
        if (victim === "child") continue; // the hook goes on
        daemon.process.kill("SIGKILL"); // a daemon that runs on asks a failed hook again after a minute
        await daemon.ended;
        await rm(join(dir, "pids"), { force: true });
        daemon = device.run();
      }
      await daemon.says(/connected to/); // it handles SIGTERM, even if the job is over
      const ended = async () => expect(await isOver()).toBe(true);
      await vi.waitFor(ended, { timeout: 60_000, interval: 50 }).catch(async () => {
        const story = await device.story(jobId);
        throw new Error(
          `job ${jobId} did not end: ${victims.join()}; ${story.join()}\n${daemon.output()}\n${launcher.output()}`,
        );
      });
      const { status, reason, detail } = await device.resultOf(jobId);
      count(ends, status);
      const story = await device.story(jobId);
      try {
        expectTruth(plan, status, reason, story);
        const runsNew = status === "SUCCEEDED";
        const now = runsNew ? slot : oldSlot;
        expect(await readBootRecord(dir)).toMatchObject({ currentSlot: now, workingSlot: now });
        if (runsNew) expect(await device.holds(slot, wanted)).toBe(true);
        if (runsNew) runs = wanted;
        daemon.process.kill("SIGTERM");
        expect(await daemon.ended).toBe(0);
        expect(await hookProcesses(dir)).toEqual([]);
        expect(await readdir(join(dir, "fota-running"))).toEqual([]);
      } catch (error) {
        const facts = JSON.stringify({ plan, victims, status, reason, detail, story }, undefined, 1);
        throw new Error(`${facts}\n${daemon.output()}`, { cause: error });
      }
      await cutPower(launcher);
    }
    console.log(`${KILLS} kills ${JSON.stringify([killsOf, killsIn])}: jobs ${JSON.stringify(ends)}`);
    await boot.dispose();
  },
  60_000 + KILLS * 8_000,
);
