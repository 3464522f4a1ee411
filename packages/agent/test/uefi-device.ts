import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const hasEfibootmgr = spawnSync("efibootmgr", ["--version"]).error === undefined;

/** Vendor of the boot manager's variables (UEFI specification, EFI_GLOBAL_VARIABLE). */
const GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
/** Attributes of a variable: non-volatile, boot service access, runtime access. */
const ATTRIBUTES = 7;

/** Boot entries of the device. */
export const ENTRY = { network: 5, slot0: 1, slot1: 0xa } as const;

/**
 * Two slots in files, and the variables of a UEFI firmware as files in a folder, in the format of efivarfs. The real
 * efibootmgr reads and writes them: `EFIVARFS_PATH` must name the folder.
 */
export class UefiDevice {
  readonly dir: string;
  readonly variables: string;
  readonly paths: readonly string[];
  /** Entries whose loader is missing or broken. */
  damaged: readonly number[] = [ENTRY.network];

  private constructor(dir: string) {
    this.dir = dir;
    this.variables = join(dir, "efivars");
    this.paths = [join(dir, "slot-a"), join(dir, "slot-b")];
  }

  static async make(): Promise<UefiDevice> {
    const device = new UefiDevice(await mkdtemp(join(tmpdir(), "fota-uefi-")));
    await mkdir(device.variables);
    await writeFile(device.paths[0] ?? "", "the first image");
    await device.writeEntry(ENTRY.slot0, "fota-0");
    await device.writeEntry(ENTRY.slot1, "fota-1");
    await device.writeEntry(ENTRY.network, "network");
    await device.writeNumbers("BootOrder", [ENTRY.network, ENTRY.slot0, ENTRY.slot1]);
    await device.boot();
    return device;
  }

  /** `EFIVARFS_PATH`: ends with a slash. */
  get variablesPath(): string {
    return `${this.variables}/`;
  }

  async writeEntry(entry: number, label: string, isActive = true): Promise<void> {
    const file = Buffer.from("\\linux.efi\0", "utf16le");
    const node = Buffer.concat([
      Buffer.from([4, 4, 4 + file.length, 0]),
      file,
      Buffer.from([0x7f, 0xff, 4, 0]),
    ]);
    const head = Buffer.alloc(6);
    head.writeUInt32LE(isActive ? 1 : 0, 0);
    head.writeUInt16LE(node.length, 4);
    const name = `Boot${entry.toString(16).toUpperCase().padStart(4, "0")}`;
    await this.#write(name, Buffer.concat([head, Buffer.from(`${label}\0`, "utf16le"), node]));
  }

  async readNumbers(name: string): Promise<number[]> {
    const bytes = await readFile(this.#path(name)).catch(() => Buffer.alloc(4));
    return Array.from({ length: (bytes.length - 4) / 2 }, (_, i) => bytes.readUInt16LE(4 + 2 * i));
  }

  async writeNumbers(name: string, numbers: readonly number[]): Promise<void> {
    await this.#write(name, Buffer.from(Uint16Array.from(numbers).buffer));
  }

  /** Does what the boot manager does at power on: BootNext once, then BootOrder. */
  async boot(): Promise<void> {
    const candidates = [...(await this.readNumbers("BootNext")), ...(await this.readNumbers("BootOrder"))];
    await rm(this.#path("BootNext"), { force: true });
    const entry = candidates.find((one) => !this.damaged.includes(one));
    if (entry === undefined) throw new Error("the firmware finds nothing to boot");
    await this.writeNumbers("BootCurrent", [entry]);
  }

  async #write(name: string, bytes: Buffer): Promise<void> {
    const attributes = Buffer.alloc(4);
    attributes.writeUInt32LE(ATTRIBUTES);
    await writeFile(this.#path(name), Buffer.concat([attributes, bytes]));
  }

  #path(name: string): string {
    return join(this.variables, `${name}-${GLOBAL}`);
  }

  async dispose(): Promise<void> {
    await rm(this.dir, { recursive: true });
  }
}
