import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { Qmp } from "./qmp.js";
import { SerialConsole } from "./serial-console.js";

/** A disk of a machine. */
export interface MachineDisk {
  /** A raw image: a path, or what else QEMU takes for `file=`, such as `nbd+unix:///?socket=...`. */
  image: string;
  /** How the disk is connected. Flash of a board is numbered in the order of the disks. */
  bus: "virtio" | "ide" | "sd" | "flash";
  isReadOnly?: boolean;
}

export interface MachineOptions {
  arch: "x86_64" | "aarch64";
  memoryMib: number;
  disks: readonly MachineDisk[];
  /** Image of the firmware. Default: QEMU's own, SeaBIOS on x86_64. */
  firmware?: string;
  /** TCP ports of the machine, by port of this host. With it, the machine has a network; the host is 10.0.2.2. */
  forwards?: Readonly<Record<number, number>>;
  /** Accelerator to use. Default: KVM where it is available. */
  accelerator?: "tcg";
  /** Further arguments of QEMU. */
  args?: readonly string[];
}

/** Debian packages of QEMU, by architecture of the machine. */
const PACKAGES = { x86_64: "qemu-system-x86", aarch64: "qemu-system-arm" } as const;

/** Returns the Debian package that a machine lacks; `undefined` if it can run here. */
export function missingQemu(arch: MachineOptions["arch"]): string | undefined {
  return spawnSync(`qemu-system-${arch}`, ["--version"]).error === undefined ? undefined : PACKAGES[arch];
}

/** A computer that QEMU emulates: from power on to a power cut, with its serial console. */
export class Machine {
  readonly console: SerialConsole;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<unknown>;
  readonly #folder: string;

  /** Turns the power on. `FOTA_QEMU_ACCEL` overrides the accelerator. */
  constructor(options: MachineOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), "fota-qemu-"));
    const args = [...machineArgs(options), "-qmp", `unix:${this.#qmpPath},server=on,wait=off`];
    // A test process that is killed takes its machines with it.
    const command = ["--pdeathsig", "KILL", `qemu-system-${options.arch}`, ...args];
    this.#process = spawn("setpriv", command, { stdio: ["pipe", "pipe", "pipe"] });
    const { stdout, stdin, stderr } = this.#process;
    this.console = new SerialConsole(stdout, stdin, stderr);
    this.#ended = once(this.#process, "close").then(() =>
      rmSync(this.#folder, { recursive: true, force: true }),
    );
  }

  get #qmpPath(): string {
    return join(this.#folder, "qmp");
  }

  /** Resolves when QEMU has ended. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** Resets the machine as a watchdog does: the memory and the caches of disks stay. */
  async reset(): Promise<void> {
    const qmp = await Qmp.connect(this.#qmpPath);
    await qmp.execute("system_reset");
    qmp.close();
  }

  /** Cuts the power: ends QEMU by SIGKILL. Safe to call twice. */
  async cutPower(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }
}

function machineArgs(options: MachineOptions): string[] {
  const { arch, memoryMib, disks, firmware, forwards, args = [] } = options;
  return [
    ...["-nodefaults", "-display", "none", "-serial", "stdio", "-m", String(memoryMib)],
    ...accelerators(options).flatMap((name) => ["-accel", name]),
    ...(arch === "aarch64" ? ["-M", "virt", "-cpu", "cortex-a53"] : []),
    ...(firmware === undefined ? [] : ["-bios", firmware]),
    ...disks.flatMap((disk, index) => diskArgs(disk, index)),
    ...(forwards === undefined ? [] : networkArgs(forwards)),
    ...args,
  ];
}

function accelerators({ arch, accelerator }: MachineOptions): string[] {
  const chosen = process.env["FOTA_QEMU_ACCEL"] ?? accelerator;
  if (chosen !== undefined) return [chosen];
  const host = { x64: "x86_64", arm64: "aarch64" }[process.arch as string];
  return host === arch ? ["kvm", "tcg"] : ["tcg"];
}

function diskArgs({ image, bus, isReadOnly = false }: MachineDisk, index: number): string[] {
  const drive = `format=raw,file=${image.replaceAll(",", ",,")},readonly=${isReadOnly ? "on" : "off"}`;
  if (bus === "flash") return ["-drive", `if=pflash,${drive}`];
  const id = `disk${index}`;
  const device = { virtio: "virtio-blk-pci", ide: "ide-hd", sd: "sd-card" }[bus];
  return [
    ...["-drive", `if=none,id=${id},${drive}`],
    ...(bus === "sd" ? ["-device", "sdhci-pci"] : []),
    ...["-device", `${device},drive=${id}`],
  ];
}

function networkArgs(forwards: Readonly<Record<number, number>>): string[] {
  const rules = Object.entries(forwards).map(([host, guest]) => `,hostfwd=tcp:127.0.0.1:${host}-:${guest}`);
  return ["-netdev", `user,id=net${rules.join("")}`, "-device", "virtio-net-pci,netdev=net"];
}
