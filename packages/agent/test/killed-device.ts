import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobExecutionStatus } from "@fota/shared";
import { expect } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { readEnvironment } from "../src/boot/processes.js";
import { startProgram } from "./agent-program.js";
import type { StandIn, StandInDevice } from "./stand-in.js";
import type { WatchedProcess } from "./watched-process.js";

/** How long a hook runs. */
const HOOK_MS = 250;
/** Hooks that decide about a step of an update, in their order. */
export const GATES = ["before-download", "before-install", "before-reset", "self-test"] as const;
const HOOKS = [...GATES, "after-confirm", "after-revert"] as const;

/** How each job meets its hooks: they allow all, `before-install` refuses, or each defers once for a second. */
export type Plan = "allow" | "refuse" | "defer";

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
export async function hookProcesses(dir: string): Promise<number[]> {
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

/** A device with slow hooks, whose hooks, their children and daemon are killed at random moments. */
export class KilledDevice {
  readonly #standIn: StandIn;
  readonly #device: StandInDevice;
  readonly #random: () => number;
  readonly dir: string;

  private constructor(standIn: StandIn, device: StandInDevice, random: () => number) {
    this.#standIn = standIn;
    this.#device = device;
    this.#random = random;
    this.dir = device.boot.dir;
  }

  static async make(standIn: StandIn, random: () => number): Promise<KilledDevice> {
    const device = new KilledDevice(standIn, await standIn.makeDevice("1.0.0"), random);
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
    return await this.#standIn.createJob(version, this.#device.thingName, slot);
  }

  async resultOf(jobId: string): Promise<{ status: JobExecutionStatus; reason?: string; detail?: string }> {
    const { status, statusDetails } = await this.#standIn.executionOf(jobId, this.#device.thingName);
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
    await eventually(detail);
  }

  holds(slot: number, version: string): Promise<boolean> {
    return this.#standIn.holds(this.#device, slot, version);
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
    for (let toPass = Math.floor(this.#random() * (HOOKS.length - 1)); !(await isOver()); await sleep(10)) {
      const [, hook, child, name = ""] = /^(\d+) (\d+) (\S+)$/m.exec(await this.read("pids")) ?? [];
      if (hook === undefined || seen.has(Number(hook))) continue;
      seen.add(Number(hook));
      if (toPass-- > 0) continue;
      await sleep(this.#random() * HOOK_MS);
      const victim = (["hook", "child", "daemon"] as const)[Math.floor(this.#random() * 3)] ?? "daemon";
      const pid = { hook: Number(hook), child: Number(child), daemon: daemon.process.pid ?? 0 }[victim];
      if (!killed(pid)) continue;
      if (victim === "hook" && this.#random() < 0.7) await this.#isReported(daemon, jobId);
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
