import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { docBlock } from "./doc-block.js";

const run = promisify(execFile);

const ENV_BYTES = 0x4000;
/** Exit code of a boot that ends in U-Boot's `reset`. */
const RESET = 85;

/** U-Boot's commands in docs/uboot.md as shell functions. They print what a kernel would boot. */
const COMMANDS = `
setenv() { name=$1; shift; eval "$name=\\$*"; }
run() { eval "eval \\"\\$$1\\""; }
saveenv() {
  for name in fota_saved fota_current fota_working upgrade_available bootcount; do eval "echo $name=\\$$name"; done |
    fw_setenv -c "$CONFIG" -s -
}
load() { case " $DAMAGED " in *" $fota_current "*) return 1 ;; esac; }
booti() { echo "$bootargs"; exit 0; }
reset() { exit ${RESET}; }
`;

export const hasUbootTools = spawnSync("fw_printenv", ["--version"]).error === undefined;

/** Two slots in files and an environment in two copies, set up and booted as docs/uboot.md describes. */
export class UbootDevice {
  readonly dir: string;
  readonly config: string;
  readonly paths: readonly string[];
  readonly copies: readonly string[];
  /** Slots whose kernel cannot be loaded. */
  damaged: readonly number[] = [];

  private constructor(dir: string) {
    this.dir = dir;
    this.config = join(dir, "fw_env.config");
    this.paths = [join(dir, "slot-a"), join(dir, "slot-b")];
    this.copies = [join(dir, "env"), join(dir, "env-redundant")];
  }

  static async make(): Promise<UbootDevice> {
    const device = new UbootDevice(await mkdtemp(join(tmpdir(), "fota-uboot-")));
    for (const copy of device.copies) await writeFile(copy, Buffer.alloc(ENV_BYTES));
    const config = device.copies.map((copy) => `${copy} 0x0 0x${ENV_BYTES.toString(16)}\n`);
    await writeFile(device.config, config.join(""));
    await writeFile(device.paths[0] ?? "", "the first image");
    const [text, nothing] = [join(device.dir, "default-env"), join(device.dir, "no-env")];
    await writeFile(text, await docBlock("uboot.md", "uboot-env"));
    await writeFile(nothing, "");
    await run("fw_setenv", ["-c", device.config, "-f", nothing, "-s", text]);
    return device;
  }

  async variables(): Promise<Record<string, string>> {
    const { stdout } = await run("fw_printenv", ["-c", this.config]);
    const lines = stdout.trim().split("\n");
    return Object.fromEntries(lines.map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]));
  }

  async set(name: string, value: string | number): Promise<void> {
    await run("fw_setenv", ["-c", this.config, name, String(value)]);
  }

  /** Turns the power on. Follows resets and returns the kernel's command line of what boots. */
  async boot(): Promise<string> {
    for (let resets = 0; resets < 5; resets += 1) {
      const commandLine = await this.#bootOnce();
      if (commandLine !== undefined) return commandLine;
    }
    throw new Error("resets again and again");
  }

  /** `undefined`: a reset. */
  async #bootOnce(): Promise<string | undefined> {
    const command = await this.#countBoot();
    const env = { ...process.env, ...(await this.variables()) };
    const settings = { CONFIG: this.config, DAMAGED: this.damaged.join(" ") };
    const shell = spawnSync("sh", ["-c", `${COMMANDS} run ${command}`], { env: { ...env, ...settings } });
    if (shell.status === RESET) return undefined;
    if (shell.status !== 0) throw new Error(`the boot script failed: ${shell.stderr}`);
    return shell.stdout.toString().trim();
  }

  /** Does what U-Boot does before it runs a command (bootcount_env.c, bootcount.h, autoboot.c). */
  async #countBoot(): Promise<"bootcmd" | "altbootcmd"> {
    const variables = await this.variables();
    if (variables["upgrade_available"] !== "1") return "bootcmd";
    const count = Number(variables["bootcount"]) + 1;
    await this.set("bootcount", count);
    return count > Number(variables["bootlimit"]) ? "altbootcmd" : "bootcmd";
  }

  async dispose(): Promise<void> {
    await rm(this.dir, { recursive: true });
  }
}
