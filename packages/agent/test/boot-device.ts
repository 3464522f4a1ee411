import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { readFolderId } from "../src/boot/boot-id.js";
import { initBootRecord, writeBootRecord } from "../src/boot/boot-record.js";
import { findGroups, removeGroup } from "../src/boot/control-group.js";
import { killLeftovers } from "../src/boot/leftovers.js";
import { type WatchedProcess, watchProcess } from "./watched-process.js";

/** A running launcher with the output of it and its firmware. */
export type Launcher = WatchedProcess;

/** Bundles `fota-boot` as scripts/build.mjs does, into `folder`. */
export async function buildFotaBoot(folder: string): Promise<string> {
  const outfile = join(folder, "fota-boot.cjs");
  await build({
    entryPoints: [join(import.meta.dirname, "../src/boot/bin.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "cjs",
    conditions: ["@fota/source", "module"],
    logLevel: "warning",
  });
  return outfile;
}

/** A slot folder with shell scripts as images, and the launchers started on it. */
export class BootDevice {
  readonly dir: string;
  readonly #fotaBoot: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #launchers: Launcher[] = [];

  private constructor(dir: string, fotaBoot: string, env: Readonly<Record<string, string>>) {
    this.dir = dir;
    this.#fotaBoot = fotaBoot;
    this.#env = env;
  }

  /** `env` is added to the environment of the launchers. */
  static async make(fotaBoot: string, env: Readonly<Record<string, string>> = {}): Promise<BootDevice> {
    return new BootDevice(await mkdtemp(join(tmpdir(), "fota-boot-")), fotaBoot, env);
  }

  /** Writes a record with slot 0 confirmed and slot 1 scheduled for a trial. */
  async scheduleTrial(): Promise<void> {
    await initBootRecord(this.dir, 0);
    await writeBootRecord(this.dir, { currentSlot: 1, workingSlot: 0, trialBoots: 0 });
  }

  async image(slot: number, script: string): Promise<void> {
    const path = join(this.dir, `slot-${slot}`);
    await writeFile(path, `#!/bin/sh\necho "slot $FOTA_SLOT pid $$ trial $FOTA_TRIAL"\n${script}\n`);
    await chmod(path, 0o755);
  }

  /** Returns shell code that confirms, for the script of an image. */
  async confirming(slot: number): Promise<string> {
    const saved = await mkdtemp(join(tmpdir(), "fota-confirmed-"));
    await initBootRecord(saved, 0);
    await writeBootRecord(saved, { currentSlot: 1, workingSlot: 0, trialBoots: 1 });
    await initBootRecord(saved, slot);
    const record = await readFile(join(saved, "boot-record-a"), "utf8");
    await rm(saved, { recursive: true });
    // A higher sequence than any other here, as the records of a device start at 1.
    return `printf '%s\\n' '${record.trim()}' > "$FOTA_DIR/boot-record-a"; cp "$FOTA_DIR/boot-record-a" "$FOTA_DIR/boot-record-b"`;
  }

  launch(...args: string[]): Launcher {
    return this.launchWith({}, ...args);
  }

  /** Launches with `env` added to the environment. */
  launchWith(env: Readonly<Record<string, string>>, ...args: string[]): Launcher {
    const child = spawn(process.execPath, [this.#fotaBoot, "--dir", this.dir, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.#env, ...env },
    });
    const launcher = watchProcess(child);
    this.#launchers.push(launcher);
    return launcher;
  }

  /** Kills all launchers and firmware that still run, and removes the folder. */
  async dispose(): Promise<void> {
    for (const launcher of this.#launchers) {
      for (const [, pid] of launcher.output().matchAll(/ pid (\d+) /g)) killIfAlive(Number(pid)); // of dead launchers too
      await cutPower(launcher);
    }
    const groups = await findGroups(await readFolderId(this.dir));
    await killLeftovers({ dir: this.dir, sessions: [], groups });
    for (const group of groups) await removeGroup(group);
    await rm(this.dir, { recursive: true });
  }
}

/** Kills launcher and firmware at once, as a power cut does. */
export async function cutPower(launcher: Launcher): Promise<void> {
  const { pid, exitCode } = launcher.process;
  if (exitCode !== null) return;
  launcher.process.kill("SIGSTOP"); // so that it starts no firmware between the look and the kill
  const children = await childrenOf(pid);
  launcher.process.kill("SIGKILL");
  for (const child of children) killIfAlive(child);
  await launcher.ended;
}

/** Returns the firmware that a launcher runs now. */
export async function firmwareOf({ process: { pid } }: Launcher): Promise<number> {
  const [firmware] = await childrenOf(pid);
  if (firmware === undefined) throw new Error("no firmware runs");
  return firmware;
}

async function childrenOf(pid: number | undefined): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return children.split(" ").filter(Boolean).map(Number);
}

/** A running firmware leads its process group. */
function killIfAlive(pid: number): void {
  for (const id of [-pid, pid]) {
    try {
      process.kill(id, "SIGKILL");
    } catch {
      // it has ended
    }
  }
}

/** Tells whether a process runs. A zombie (proc(5)) does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}
