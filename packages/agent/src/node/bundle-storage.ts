import { createHash } from "node:crypto";
import { mkdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolders } from "@fota/shared";
import { storageError } from "../boot/storage-error.js";
import type { SlotDigests, StateStore } from "../core/ports.js";
import { fileState, fileStateView } from "./file-state.js";
import { SlotStorage } from "./slot-storage.js";

/** The bundle that was installed into a slot. */
interface InstalledBundle extends SlotDigests {
  sizeBytes: number;
  /** What the installer's own records said of the slot right after. */
  mark?: string;
  /** Set while the installation runs: what they said before. Stays after a power cut; the installer may have finished. */
  markBefore?: string;
}

export interface BundleStorageOptions {
  /** Folder for the bundles and the notes. */
  dir: string;
  slotCount: number;
  slotSizeBytes: number;
  /** Slot that this process runs from. */
  runningSlot: number;
  /**
   * Returns a text that changes whenever something is installed into `slot`, by whatever way; `undefined` if the installer
   * keeps no such record.
   */
  markOf?: (slot: number) => Promise<string | undefined>;
}

/** Default of `slotSizeBytes`. Nothing is reserved on the disk. */
export const BUNDLE_MAX_BYTES = 1024 ** 3;

/**
 * Stores bundles of an installer: what the agent writes to a slot is a file, which is installed into the slot later. What
 * runs cannot be read back as a bundle, so the digests of an installed bundle are noted.
 */
export class BundleStorage extends SlotStorage {
  readonly #options: BundleStorageOptions;

  constructor(options: BundleStorageOptions) {
    const paths = Array.from({ length: options.slotCount }, (_, slot) => join(options.dir, `bundle-${slot}`));
    super(paths, options.slotSizeBytes);
    this.#options = options;
  }

  /** What was installed cannot be read back as a bundle. */
  override get isReadable(): boolean {
    return false;
  }

  /** Creates the folder if needed. */
  override async erase(slot: number, sizeBytes: number): Promise<void> {
    const { dir } = this.#options;
    try {
      await makeFolders(dir, { mkdir, dirname });
    } catch (error) {
      throw storageError("SLOT_ACCESS", "cannot create the folder of the bundles", dir, error);
    }
    await super.erase(slot, sizeBytes);
  }

  /** Returns the digests of the bundle file; for the running slot, those of the bundle that was installed into it. */
  override async digest(slot: number, sizeBytes: number): Promise<SlotDigests> {
    if (slot !== this.#options.runningSlot) return await super.digest(slot, sizeBytes);
    this.pathOf(slot);
    const installed = (await this.#load())[slot];
    if (installed?.sizeBytes === sizeBytes && (await this.#isStillInstalled(slot, installed))) {
      return { md5: installed.md5, sha256: installed.sha256 };
    }
    return { md5: createHash("md5").digest("hex"), sha256: createHash("sha256").digest("hex") };
  }

  override async sha256(slot: number, sizeBytes: number): Promise<string> {
    if (slot !== this.#options.runningSlot) return await super.sha256(slot, sizeBytes);
    return (await this.digest(slot, sizeBytes)).sha256;
  }

  /** What runs is not a bundle; `digest` compares the size of the one that was installed. */
  override async heldBytes(slot: number): Promise<number | undefined> {
    return slot === this.#options.runningSlot ? undefined : await super.heldBytes(slot);
  }

  async #isStillInstalled(slot: number, { mark, markBefore }: InstalledBundle): Promise<boolean> {
    const found = await this.#options.markOf?.(slot);
    return markBefore === undefined ? found === mark : found !== undefined && found !== markBefore;
  }

  /** Installs the bundle file of `slot` by `install`, and notes its digests. */
  async install(slot: number, install: (path: string) => Promise<void>): Promise<void> {
    const path = this.pathOf(slot);
    const { [slot]: _replaced, ...others } = await this.#load(this.#notes);
    const { size: sizeBytes } = await stat(path);
    const bundle = { sizeBytes, ...(await super.digest(slot, sizeBytes)) };
    const markBefore = (await this.#options.markOf?.(slot)) ?? "";
    await this.#save({ ...others, [slot]: { ...bundle, markBefore } });
    try {
      await install(path);
    } catch (error) {
      await this.#save(others);
      throw error;
    }
    const mark = await this.#options.markOf?.(slot);
    await this.#save({ ...others, [slot]: { ...bundle, ...(mark !== undefined && { mark }) } });
  }

  /** Removes the bundle file of a slot, which is not needed once its image is confirmed. */
  async removeFile(slot: number): Promise<void> {
    await rm(this.pathOf(slot), { force: true });
  }

  get #notesPath(): string {
    return join(this.#options.dir, "installed-bundles.json");
  }

  get #notes(): StateStore {
    return fileState(this.#notesPath);
  }

  /** Notes that cannot be read count as none: the running bundle is then unknown, and an update installs it again. */
  async #load(
    notes: Pick<StateStore, "load"> = fileStateView(this.#notesPath),
  ): Promise<Readonly<Record<number, InstalledBundle>>> {
    const text = await notes.load();
    try {
      const { version, slots } = JSON.parse(text ?? "") as { version: unknown; slots: unknown };
      if (version === 1 && typeof slots === "object" && slots !== null) {
        return slots as Record<number, InstalledBundle>;
      }
    } catch {
      // No notes.
    }
    return {};
  }

  async #save(slots: Readonly<Record<number, InstalledBundle>>): Promise<void> {
    await this.#notes.save(JSON.stringify({ version: 1, slots }));
  }
}
