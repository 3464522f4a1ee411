import { messageOf } from "@fota/shared";
import type { DownloadBudget } from "./download-budget.js";
import type { DownloadTuning } from "./download-tuning.js";
import type { Device, ReadBack, SlotDigests } from "./ports.js";
import { SlotWriter } from "./slot-writer.js";
import type { Journal, UpdateTarget } from "./update-state.js";
import { matchesTarget, slotBeginsWith } from "./verify.js";

export interface SlotImageRequest {
  target: UpdateTarget;
  journal: Journal;
  tuning: DownloadTuning;
  /** Saves the progress of the download. Called after the bytes are durable; they are not fetched again then. */
  saveJournal(journal: Journal): Promise<void>;
  /** Called after each write with the number of bytes of the image in the slot. */
  onProgress(bytes: number): void;
}

type SlotImageDevice = Pick<Device, "slots" | "clock" | "log" | "buffers">;

/** The journal cannot be saved. Distinguishes that from a slot that cannot be written. */
export class JournalError extends Error {}

/** The image that a download writes to its slot: how much arrived, how much is durable, and the journal of that. */
export class SlotImage {
  readonly #device: SlotImageDevice;
  readonly #request: SlotImageRequest;
  readonly #budget: DownloadBudget;
  readonly #writer: SlotWriter;
  #readBack: ReadBack | undefined;
  /** ETag of the object that the bytes come from. */
  etag: string | undefined;
  #durableBytes: number;
  #durableMs: number;
  #storedBytes: number;
  #needsErase: boolean;
  /** The slot is erased and the journal is saved, so bytes may be written. */
  #begun = false;
  #savedFetchedBytes = 0;

  constructor(device: SlotImageDevice, request: SlotImageRequest, budget: DownloadBudget) {
    const { target, journal, tuning } = request;
    const startBytes = Math.min(journal.offsetBytes, target.sizeBytes);
    this.#device = device;
    this.#request = request;
    this.#budget = budget;
    this.#writer = new SlotWriter(
      (offset, bytes) => this.#store(offset, bytes),
      startBytes,
      tuning.bufferBytes,
      device.buffers,
    );
    this.etag = journal.etag;
    this.#durableBytes = startBytes;
    this.#durableMs = device.clock.monotonicMs();
    this.#storedBytes = startBytes;
    this.#needsErase = startBytes === 0;
  }

  /** Bytes received so far. */
  get receivedBytes(): number {
    return this.#writer.receivedBytes;
  }

  get isComplete(): boolean {
    return this.receivedBytes === this.#request.target.sizeBytes;
  }

  /** The slot must be erased before the first byte of the image is written. */
  get needsErase(): boolean {
    return this.#needsErase;
  }

  /** Returns the digests of the slot if it already holds the image, for example after an earlier update was canceled. */
  async findComplete(): Promise<SlotDigests | undefined> {
    const { target } = this.#request;
    const { slot, sizeBytes } = target;
    const { slots, log } = this.#device;
    try {
      await slots.sync(slot); // an earlier process may have ended before it synced
      const heldBytes = await slots.heldBytes?.(slot);
      if ((heldBytes ?? sizeBytes) !== sizeBytes) return undefined;
      if (slots.sha256 !== undefined && !(await slotBeginsWith(slots, slot, target))) return undefined;
      const found = await slots.digest(slot, sizeBytes);
      if (!matchesTarget(found, target)) return undefined;
      // A slot with fewer bytes than the image has the same digests for one byte fewer.
      const shorter = sizeBytes > 1 && heldBytes === undefined && (await slots.digest(slot, sizeBytes - 1));
      if (shorter && matchesTarget(shorter, target)) return undefined;
      log("info", `slot ${slot} already holds the image: nothing is downloaded`);
      return found;
    } catch (error) {
      log("warn", `slot ${slot} could not be read before the download: ${messageOf(error)}`);
      return undefined;
    }
  }

  /**
   * Prepares the slot when the first bytes of the image arrive; does nothing if it is prepared already. Saves the journal
   * before the erase: after a power cut, it must not refer to erased bytes, and must include the erase. Counts one
   * journal step of bytes in advance, because a power cut before the next save would leave them uncounted. Returns why
   * the budget is exhausted, or `undefined`.
   */
  async begin(): Promise<string | undefined> {
    if (this.#begun) return undefined;
    const { target, tuning } = this.#request;
    const exhausted = this.#budget.fault(this.#needsErase);
    if (exhausted !== undefined) return exhausted;
    if (this.#needsErase) this.#budget.noteErase();
    const offsetBytes = this.#needsErase ? 0 : this.#durableBytes;
    await this.#save(offsetBytes, Math.min(tuning.journalBytes, target.sizeBytes - offsetBytes));
    if (this.#needsErase) await this.#device.slots.erase(target.slot, target.sizeBytes);
    this.#needsErase = false;
    this.#begun = true;
    this.#startReadBack();
    return undefined;
  }

  /** Writes bytes after those received so far. Call `begin` first. Rejects with the error of an earlier write. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes);
  }

  /** Waits for the write in progress. Rejects with its error. */
  async waitForWrite(): Promise<void> {
    await this.#writer.waitForStore();
  }

  /** Makes the complete image durable. Returns its digests if it was read back meanwhile. */
  async finish(): Promise<SlotDigests | undefined> {
    await this.#writer.flush();
    await this.#device.slots.sync(this.#request.target.slot);
    return await this.#readBack?.digests().catch((error: unknown) => this.#readBackFailed(error));
  }

  /** Starts to read the slot back, including bytes that an earlier process made durable. */
  #startReadBack(): void {
    const { slot, sizeBytes } = this.#request.target;
    try {
      this.#readBack = this.#device.slots.readBack?.(slot, sizeBytes);
      this.#readBack?.advance(this.#storedBytes);
    } catch (error) {
      this.#readBackFailed(error);
    }
  }

  #readBackFailed(error: unknown): undefined {
    this.#device.log(
      "warn",
      `slot ${this.#request.target.slot} will be read back after the download: ${messageOf(error)}`,
    );
  }

  /** Makes the received bytes durable and saves the journal, so that they are not fetched again. */
  async suspend(): Promise<void> {
    await this.#writer.flush();
    const isUnsaved =
      this.#storedBytes > this.#durableBytes || this.#savedFetchedBytes !== this.#budget.spent.fetchedBytes;
    if (this.#begun && isUnsaved) await this.#journal();
  }

  /** Writes one buffer. The writer fills the next one meanwhile, and never calls this twice at a time. */
  async #store(offsetBytes: number, bytes: Uint8Array): Promise<void> {
    const { target, tuning, onProgress } = this.#request;
    await this.#device.slots.write(target.slot, offsetBytes, bytes);
    this.#storedBytes = offsetBytes + bytes.length;
    this.#readBack?.advance(this.#storedBytes);
    const isFar = this.#storedBytes - this.#durableBytes >= tuning.journalBytes;
    if (isFar && this.#device.clock.monotonicMs() - this.#durableMs >= tuning.journalIntervalMs) {
      await this.#journal();
    }
    onProgress(this.#storedBytes);
  }

  async #journal(): Promise<void> {
    await this.#device.slots.sync(this.#request.target.slot);
    await this.#save(this.#storedBytes, 0);
  }

  /** Starts again at the first byte. Changes neither slot nor journal until that byte arrives. */
  async rewind(): Promise<void> {
    this.etag = undefined;
    await this.#writer.restartAt(0);
    await this.#stopReadBack();
    this.#storedBytes = 0;
    this.#needsErase = true;
    this.#begun = false;
  }

  async #save(offsetBytes: number, reservedBytes: number): Promise<void> {
    const { erases, fetchedBytes } = this.#budget.spent;
    const counted = fetchedBytes + reservedBytes;
    const journal: Journal = { offsetBytes, erases, fetchedBytes: counted };
    if (this.etag !== undefined) journal.etag = this.etag;
    try {
      await this.#request.saveJournal(journal);
    } catch (cause) {
      throw new JournalError("the journal could not be saved", { cause });
    }
    this.#savedFetchedBytes = counted;
    this.#durableBytes = offsetBytes;
    this.#durableMs = this.#device.clock.monotonicMs();
  }

  /** Releases what is open. Do not use the image after it. Never rejects. */
  async close(): Promise<void> {
    await this.#stopReadBack();
    await this.#writer.close();
  }

  /** Stops the read-back. Never rejects, because its errors no longer matter. */
  async #stopReadBack(): Promise<void> {
    const readBack = this.#readBack;
    this.#readBack = undefined;
    await readBack?.stop().catch((error: unknown) => this.#readBackFailed(error));
  }
}
