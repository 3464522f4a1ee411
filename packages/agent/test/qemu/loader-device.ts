import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Slots } from "../../src/core/ports.js";
import { parseRunningSlot } from "../../src/node/boot-loader.js";
import { Machine, type MachineDisk, type MachineOptions } from "./machine.js";
import { type Behavior, type Booted, PAYLOAD_LINE } from "./payload.js";
import { type DiskCut, PowerDisk } from "./power-disk.js";
import type { SerialConsole } from "./serial-console.js";

/** Part of a disk. */
export interface DiskArea {
  offsetBytes: number;
  sizeBytes: number;
}

/** The kernel in an image: the payload, a file system without a kernel, or a kernel that cannot be loaded. */
export type Kernel = Behavior | "missing" | "damaged";

/** What booted. */
export interface BootedSlot extends Booted {
  slot: number;
}

/** What the agent's adapter says: slots that run, boot next, and were confirmed last. */
export interface SlotView {
  runningSlot: number;
  currentSlot: number;
  workingSlot: number;
}

/** What the agent's adapter works on. */
export interface RunningDevice {
  /** Disk with the record. */
  diskPath: string;
  /** Folder with the files of the device. */
  dir: string;
  runningSlot: number;
  /** The console of the machine, which must be on. */
  console(): SerialConsole;
}

/** A board with a boot loader, a disk with its environment, and two slots. */
export interface LoaderBoard {
  /** The boot loader and its version. */
  name: string;
  machine: Omit<MachineOptions, "disks">;
  /** The disks of the machine. `record` is the image of the one with the record, `dir` as in `RunningDevice`. */
  disks(record: string, dir: string): MachineDisk[];
  /** Image of the disk of a new device with the record. Slot 0 has the image "first", slot 1 none. */
  diskImage: string;
  /** Image of the disk with the slots, if that is another one. A device has a copy of it in `slots`. */
  slotsImage?: string;
  /** Where the boot loader keeps its record. */
  recordArea: DiskArea;
  /**
   * Returns which sets of sectors a power cut can leave written of a change of the record by the agent. Absent if the disk
   * with the record sees the writes of the agent.
   */
  tornWrites?(before: Buffer, after: Buffer): number[][];
  /** Returns an image of a slot. */
  makeImage(label: string, kernel: Kernel): Promise<Uint8Array>;
  /** Calls `use` with the agent's adapter on disks in files, which afterwards are as a power cut leaves them. */
  withSlots<T>(device: RunningDevice, use: (slots: Slots) => Promise<T>): Promise<T>;
}

/** A device in QEMU whose boot loader boots payloads, and whose agent is the adapter outside of QEMU. */
export class LoaderDevice {
  readonly board: LoaderBoard;
  readonly disk: PowerDisk;
  readonly #dir: string;
  #machine: Machine | undefined;
  #runningSlot = 0;
  /** Payloads that were booted. */
  boots = 0;
  /** Power cuts. */
  cuts = 0;

  private constructor(board: LoaderBoard, dir: string, disk: PowerDisk) {
    this.board = board;
    this.#dir = dir;
    this.disk = disk;
  }

  static async make(board: LoaderBoard): Promise<LoaderDevice> {
    const dir = await mkdtemp(join(tmpdir(), "fota-device-"));
    await copyFile(board.diskImage, join(dir, "disk"));
    if (board.slotsImage !== undefined) await copyFile(board.slotsImage, join(dir, "slots"));
    return new LoaderDevice(board, dir, await PowerDisk.open(join(dir, "disk"), join(dir, "nbd")));
  }

  /** Turns the power on, and returns what boots. */
  async powerOn(): Promise<BootedSlot> {
    void this.#start();
    return await this.next();
  }

  /** Turns the power on until it is cut at a write of the boot loader. */
  async powerOnUntil(cut: DiskCut): Promise<void> {
    const off = this.#start(cut);
    const booted = this.#on.console.sees(PAYLOAD_LINE);
    const isBooted = await Promise.race([off.then(() => false), booted.then(() => true)]);
    if (isBooted) throw new Error(`booted before write ${cut.write}`);
    await this.cutPower();
  }

  #start(cut?: DiskCut): Promise<void> {
    const off = this.disk.turnOn(cut);
    const { machine } = this.board;
    this.#machine = new Machine({ ...machine, disks: this.board.disks(this.disk.image, this.#dir) });
    return off;
  }

  /** Returns what boots next, after a reset that the payload or the boot loader makes. */
  async next(): Promise<BootedSlot> {
    const [, label = "", commandLine = ""] = await this.#on.console.sees(PAYLOAD_LINE);
    this.#runningSlot = parseRunningSlot(commandLine);
    this.boots += 1;
    return { label, commandLine, slot: this.#runningSlot };
  }

  /** Resets the machine as a watchdog does, and returns what boots. */
  async reset(): Promise<BootedSlot> {
    await this.#on.reset();
    return await this.next();
  }

  /** Does nothing if the power is off. */
  async cutPower(): Promise<void> {
    if (this.#machine === undefined) return;
    await this.#machine.cutPower();
    this.#machine = undefined;
    this.cuts += 1;
  }

  /** Cuts the power and turns it on again. */
  async powerCycle(): Promise<BootedSlot> {
    await this.cutPower();
    return await this.powerOn();
  }

  get #on(): Machine {
    if (this.#machine === undefined) throw new Error("the power is off");
    return this.#machine;
  }

  /** Calls `use` with the adapter of the slot that was booted last. */
  async asAgent<T>(use: (slots: Slots) => Promise<T>): Promise<T> {
    const [dir, runningSlot] = [this.#dir, this.#runningSlot];
    const console = () => this.#on.console;
    return await this.board.withSlots({ diskPath: join(dir, "disk"), dir, runningSlot, console }, use);
  }

  async view(): Promise<SlotView> {
    const { runningSlot, currentSlot, workingSlot } = await this.asAgent((slots) => slots.record());
    return { runningSlot, currentSlot, workingSlot };
  }

  /** Writes an image to `slot`, and schedules nothing. */
  async store(slot: number, label: string, kernel: Kernel = "hangs"): Promise<void> {
    const image = await this.board.makeImage(label, kernel);
    await this.asAgent(async (slots) => {
      await slots.erase(slot, image.length);
      await slots.write(slot, 0, image);
      await slots.sync(slot);
      await slots.close(slot);
    });
  }

  /** Writes an image to `slot`, and schedules its trial. */
  async install(slot: number, label: string, kernel: Kernel = "hangs"): Promise<void> {
    await this.store(slot, label, kernel);
    await this.asAgent((slots) => slots.attempt(slot));
  }

  async confirm(): Promise<void> {
    await this.asAgent((slots) => slots.accept());
  }

  async revert(): Promise<void> {
    await this.asAgent((slots) => slots.revert());
  }

  /** The bytes of the boot loader's record, with everything around it that can change. */
  readRecord(): Buffer {
    const { offsetBytes, sizeBytes } = this.board.recordArea;
    return this.disk.read(offsetBytes, sizeBytes);
  }

  writeRecord(bytes: Uint8Array): void {
    this.disk.write(this.board.recordArea.offsetBytes, bytes);
  }

  readDisk(): Buffer {
    return this.disk.read(0, this.disk.sizeBytes);
  }

  writeDisk(bytes: Uint8Array): void {
    this.disk.write(0, bytes);
  }

  async dispose(): Promise<void> {
    await this.#machine?.cutPower();
    await this.disk.close();
    await rm(this.#dir, { recursive: true });
  }
}
