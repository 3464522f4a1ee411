import { type Cause, FotaError, messageOf } from "@fota/shared";
import { backoffMs } from "./backoff.js";
import { withDeadline } from "./deadline.js";
import { DownloadBudget } from "./download-budget.js";
import type { DownloadTuning } from "./download-tuning.js";
import { type ImageAnswer, readErrorPage, readImageAnswer } from "./http-answer.js";
import { type Interruption, unlessInterrupted } from "./interruption.js";
import { pause } from "./pause.js";
import type { Device, HttpResponse, ReadBack, SlotDigests } from "./ports.js";
import type { AttemptFailure } from "./retry-decision.js";
import { SlotWriter } from "./slot-writer.js";
import type { Failure, Journal, UpdateTarget } from "./update-state.js";
import { type UrlRules, urlFault } from "./url-rules.js";
import { matchesTarget } from "./verify.js";

/** The answer to a request for a fresh URL. */
export type FreshUrl = { kind: "url"; url: string } | { kind: "job-gone" } | { kind: "unanswered" };

export interface DownloadRequest {
  target: UpdateTarget;
  journal: Journal;
  tuning: DownloadTuning;
  urlRules: UrlRules;
  /** Saves the progress of the download. Called after the bytes are durable; they are not fetched again then. */
  saveJournal(journal: Journal): Promise<void>;
  freshUrl(): Promise<FreshUrl>;
  /** Called between two attempts if no notification can report that the job is gone. May answer `unanswered`. */
  refreshBetweenAttempts?: (() => Promise<FreshUrl>) | undefined;
  /** Called after each write with the number of bytes of the image in the slot. */
  onProgress(bytes: number): void;
  /** Stops the download at once, even while it waits. */
  interruption: Interruption;
}

export type DownloadResult =
  /** `found`: digests of the slot, if it was read back during the download or already held the image. */
  | { kind: "downloaded"; found?: SlotDigests }
  | { kind: "failed"; failure: Failure }
  | { kind: "job-gone" }
  /** Stopped, or the service did not answer with a fresh URL. The journal tells where to continue. */
  | { kind: "interrupted" };

type DownloadDevice = Pick<Device, "slots" | "http" | "clock" | "random" | "log">;

type ImageBody = Extract<ImageAnswer, { kind: "body" }>;

/** How one attempt ended. */
type FailedAttempt = Extract<ImageAnswer, { kind: AttemptFailure }>;
type AttemptResult = DownloadResult | FailedAttempt;

/**
 * Streams the image into its slot and makes it durable. Does nothing if the slot already holds the image. Erases the
 * slot only when the server sends bytes of an object with the right size. Resumes at the offset in the journal, never
 * writes more than the size of the image, and fetches no byte twice except after a power cut. The budget limits
 * attempts, erases, bytes and time. Rejects only if the journal cannot be saved; other errors are in the result.
 */
export async function downloadImage(
  device: DownloadDevice,
  request: DownloadRequest,
): Promise<DownloadResult> {
  const download = new Download(device, request);
  try {
    return await download.run();
  } catch (error) {
    if (error instanceof JournalError) throw error.cause;
    return download.failed("slot-failed", messageOf(error));
  } finally {
    await download.stopReadBack();
    await device.slots.close(request.target.slot).catch((error: unknown) => {
      device.log("warn", `slot ${request.target.slot} could not be closed: ${messageOf(error)}`);
    });
  }
}

/** The journal cannot be saved. Distinguishes that from a slot that cannot be written. */
class JournalError extends Error {}

class Download {
  readonly #device: DownloadDevice;
  readonly #request: DownloadRequest;
  readonly #writer: SlotWriter;
  readonly #budget: DownloadBudget;
  #readBack: ReadBack | undefined;
  #url: string;
  #etag: string | undefined;
  #durableBytes: number;
  #durableMs: number;
  #storedBytes: number;
  /** The slot must be erased before the first byte of the image is written. */
  #eraseDue: boolean;
  /** The slot is erased and the journal is saved, so bytes may be written. */
  #begun = false;
  #savedFetchedBytes = 0;
  /** Description of the last answer without an image: its status and, if known, its S3 error code. */
  #lastAnswer = "";

  constructor(device: DownloadDevice, request: DownloadRequest) {
    const { target, journal, tuning } = request;
    const startBytes = Math.min(journal.offsetBytes, target.sizeBytes);
    this.#device = device;
    this.#request = request;
    this.#writer = new SlotWriter(
      (offset, bytes) => this.#store(offset, bytes),
      startBytes,
      tuning.bufferBytes,
    );
    this.#budget = new DownloadBudget(tuning, target.sizeBytes, journal);
    this.#url = target.url;
    this.#etag = journal.etag;
    this.#durableBytes = startBytes;
    this.#durableMs = device.clock.monotonicMs();
    this.#storedBytes = startBytes;
    this.#eraseDue = startBytes === 0;
  }

  async run(): Promise<DownloadResult> {
    const { interruption } = this.#request;
    const refusal = this.#urlRefusal();
    if (refusal !== undefined) return refusal;
    const found = this.#eraseDue ? await this.#findComplete() : undefined;
    if (found !== undefined) return { kind: "downloaded", found };
    while (interruption.reason === undefined) {
      const result = await this.#attempt();
      await this.#writer.waitForStore();
      if (interruption.reason !== undefined && result.kind !== "downloaded") break;
      this.#budget.endAttempt();
      const end = await this.#afterAttempt(result);
      if (end !== undefined) return end;
    }
    return interruption.reason === "job-gone" ? { kind: "job-gone" } : await this.#suspend();
  }

  /** Returns the result of the download after an attempt, or waits and returns `undefined` for another attempt. */
  async #afterAttempt(result: AttemptResult): Promise<DownloadResult | undefined> {
    switch (result.kind) {
      case "downloaded":
      case "failed":
      case "job-gone":
      case "interrupted":
        return result;
    }
    const { receivedBytes } = this.#writer;
    const detail = result.kind === "try-again" ? result.detail : this.#lastAnswer;
    if (result.kind === "try-again") {
      this.#device.log("warn", `download stopped at byte ${receivedBytes}: ${detail}`);
    }
    const decision = this.#budget.decideRetry(result.kind);
    switch (decision.action) {
      case "fail":
        return this.failed(decision.reason, detail);
      case "restart":
        await this.#rewind();
        return undefined;
      case "refreshUrl": {
        await this.#pause(decision.failures);
        const fresh = await this.#request.freshUrl();
        return fresh.kind === "unanswered" ? await this.#suspend() : this.#useUrl(fresh);
      }
      case "resume": {
        await this.#pause(decision.failures);
        if (this.#request.interruption.reason !== undefined) return undefined;
        const fresh = await this.#request.refreshBetweenAttempts?.();
        return fresh === undefined || fresh.kind === "unanswered" ? undefined : this.#useUrl(fresh);
      }
    }
  }

  #useUrl(fresh: Exclude<FreshUrl, { kind: "unanswered" }>): DownloadResult | undefined {
    if (fresh.kind === "job-gone") return fresh;
    this.#url = fresh.url;
    return this.#urlRefusal();
  }

  /** Returns the digests of the slot if it already holds the image, for example after an earlier update was canceled. */
  async #findComplete(): Promise<SlotDigests | undefined> {
    const { target } = this.#request;
    const { slots, log } = this.#device;
    try {
      await slots.sync(target.slot); // an earlier process may have ended before it synced
      const found = await slots.digest(target.slot, target.sizeBytes);
      if (!matchesTarget(found, target) || (await this.#isShorter())) return undefined;
      log("info", `slot ${target.slot} already holds the image: nothing is downloaded`);
      return found;
    } catch (error) {
      log("warn", `slot ${target.slot} could not be read before the download: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Tells whether the slot holds fewer bytes than the image: its digests are then the same for one byte fewer. */
  async #isShorter(): Promise<boolean> {
    const { target } = this.#request;
    return (
      target.sizeBytes > 1 &&
      matchesTarget(await this.#device.slots.digest(target.slot, target.sizeBytes - 1), target)
    );
  }

  /** Stops the read-back. Never rejects, because its errors no longer matter. */
  async stopReadBack(): Promise<void> {
    const readBack = this.#readBack;
    this.#readBack = undefined;
    await readBack?.stop().catch((error: unknown) => this.#readBackFailed(error));
  }

  failed(reason: Cause, detail: string, found: Pick<Failure, "expected" | "actual"> = {}): DownloadResult {
    const bytes = this.#writer.receivedBytes;
    const totalBytes = this.#request.target.sizeBytes;
    return { kind: "failed", failure: { phase: "downloading", reason, detail, bytes, totalBytes, ...found } };
  }

  /** Sends one request and writes the body to the slot. Throws errors of the slot. */
  async #attempt(): Promise<AttemptResult> {
    const { target, tuning, interruption } = this.#request;
    const { http } = this.#device;
    const startBytes = this.#writer.receivedBytes;
    if (startBytes === target.sizeBytes) return await this.#finish();
    const exhausted = this.#budget.fault(this.#eraseDue);
    if (exhausted !== undefined) return this.failed("download-failed", exhausted);
    let response: HttpResponse;
    try {
      const headers = this.#headers(startBytes);
      response = await this.#timed(http.get(this.#url, headers, tuning.stallTimeoutMs, interruption));
    } catch (error) {
      return { kind: "try-again", detail: messageOf(error) };
    }
    const answer = readImageAnswer(response, startBytes, target.sizeBytes, this.#etag);
    if (answer.kind === "body") return await this.#storeBody(response, answer);
    const page = await this.#withinLimit(readErrorPage(response)).catch(() => undefined);
    this.#lastAnswer = `the image server answered ${response.status}${page === undefined ? "" : ` ${page}`}`;
    this.#device.log("warn", this.#lastAnswer);
    return answer.kind === "wrong-size" ? this.#wrongSize(`${answer.actualBytes}`) : answer;
  }

  #headers(startBytes: number): Record<string, string> {
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (startBytes > 0) headers["range"] = `bytes=${startBytes}-`;
    if (startBytes > 0 && this.#etag !== undefined) headers["if-match"] = this.#etag;
    return headers;
  }

  async #storeBody(response: HttpResponse, { startBytes, etag }: ImageBody): Promise<AttemptResult> {
    const { target } = this.#request;
    const pieces = response.body[Symbol.asyncIterator]();
    let isFirst = true;
    try {
      for (;;) {
        let next: IteratorResult<Uint8Array>;
        try {
          next = await this.#timed(pieces.next(), ({ done, value }) => (done === true ? 0 : value.length));
        } catch (error) {
          if (this.#writer.receivedBytes === target.sizeBytes) return await this.#finish();
          return { kind: "try-again", detail: messageOf(error) };
        }
        if (next.done === true) break;
        const { length } = next.value;
        if (length === 0) continue;
        if (isFirst && startBytes !== this.#writer.receivedBytes) await this.#rewind();
        if (this.#writer.receivedBytes + length > target.sizeBytes) {
          return this.#wrongSize(`more than ${target.sizeBytes}`);
        }
        if (isFirst) this.#etag = etag;
        isFirst = false;
        const exhausted = this.#begun ? undefined : await this.#begin();
        if (exhausted !== undefined) return this.failed("download-failed", exhausted);
        await this.#writer.write(next.value);
        this.#budget.noteFetched(length, this.#writer.receivedBytes);
        const slow = this.#budget.slowness;
        if (slow !== undefined && this.#writer.receivedBytes < target.sizeBytes) {
          return { kind: "try-again", detail: slow };
        }
      }
    } finally {
      // Closes the connection after an early end. Errors of that do not matter.
      pieces.return?.().catch(() => undefined);
    }
    if (this.#writer.receivedBytes === target.sizeBytes) return await this.#finish();
    return { kind: "try-again", detail: `the body ended at byte ${this.#writer.receivedBytes}` };
  }

  /**
   * Prepares the slot when the first bytes of the image arrive. Saves the journal before the erase: after a power cut, it
   * must not refer to erased bytes, and must include the erase. Counts one journal step of bytes in advance, because a
   * power cut before the next save would leave them uncounted. Returns why the budget is exhausted, or `undefined`.
   */
  async #begin(): Promise<string | undefined> {
    const { target, tuning } = this.#request;
    const exhausted = this.#budget.fault(this.#eraseDue);
    if (exhausted !== undefined) return exhausted;
    if (this.#eraseDue) this.#budget.noteErase();
    const offsetBytes = this.#eraseDue ? 0 : this.#durableBytes;
    await this.#save(offsetBytes, Math.min(tuning.journalBytes, target.sizeBytes - offsetBytes));
    if (this.#eraseDue) await this.#device.slots.erase(target.slot, target.sizeBytes);
    this.#eraseDue = false;
    this.#begun = true;
    this.#startReadBack();
    return undefined;
  }

  async #finish(): Promise<DownloadResult> {
    await this.#writer.flush();
    await this.#device.slots.sync(this.#request.target.slot);
    const found = await this.#readBack?.digests().catch((error: unknown) => this.#readBackFailed(error));
    return found === undefined ? { kind: "downloaded" } : { kind: "downloaded", found };
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

  /** Suspends the download. Makes the received bytes durable, so that they are not fetched again. */
  async #suspend(): Promise<DownloadResult> {
    await this.#writer.flush();
    const isUnsaved =
      this.#storedBytes > this.#durableBytes || this.#savedFetchedBytes !== this.#budget.spent.fetchedBytes;
    if (this.#begun && isUnsaved) await this.#journal();
    return { kind: "interrupted" };
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
  async #rewind(): Promise<void> {
    this.#etag = undefined;
    await this.#writer.restartAt(0);
    await this.stopReadBack();
    this.#storedBytes = 0;
    this.#eraseDue = true;
    this.#begun = false;
  }

  async #save(offsetBytes: number, reservedBytes: number): Promise<void> {
    const { erases, fetchedBytes } = this.#budget.spent;
    const counted = fetchedBytes + reservedBytes;
    const journal: Journal = { offsetBytes, erases, fetchedBytes: counted };
    if (this.#etag !== undefined) journal.etag = this.#etag;
    try {
      await this.#request.saveJournal(journal);
    } catch (cause) {
      throw new JournalError("the journal could not be saved", { cause });
    }
    this.#savedFetchedBytes = counted;
    this.#durableBytes = offsetBytes;
    this.#durableMs = this.#device.clock.monotonicMs();
  }

  #urlRefusal(): DownloadResult | undefined {
    const fault = urlFault(this.#url, this.#request.urlRules);
    return fault === undefined ? undefined : this.failed("host-refused", fault);
  }

  #wrongSize(actual: string): DownloadResult {
    const expected = `${this.#request.target.sizeBytes}`;
    return this.failed("size-mismatch", "the object does not have the size in the job document", {
      expected,
      actual,
    });
  }

  async #pause(failures: number): Promise<void> {
    const { clock, random } = this.#device;
    const { tuning, interruption } = this.#request;
    const delayMs = backoffMs(failures, tuning.backoff, random.next());
    this.#budget.notePause(delayMs);
    await pause(clock, delayMs, interruption);
  }

  /** Waits for the server and counts the time, even if it does not answer. */
  async #timed<T>(work: Promise<T>, bytesOf: (answer: T) => number = () => 0): Promise<T> {
    const { clock } = this.#device;
    const startMs = clock.monotonicMs();
    let bytes = 0;
    try {
      const answer = await this.#withinLimit(work);
      bytes = bytesOf(answer);
      return answer;
    } finally {
      this.#budget.noteWait(clock.monotonicMs() - startMs, bytes);
    }
  }

  /** Enforces the stall limit even if the HTTP port does not. */
  #withinLimit<T>(work: Promise<T>): Promise<T> {
    const { interruption, tuning } = this.#request;
    const limitMs = tuning.stallTimeoutMs;
    const late = () => new FotaError("REQUEST_TIMED_OUT", `received no bytes of the image for ${limitMs} ms`);
    return withDeadline(this.#device.clock, limitMs, unlessInterrupted(interruption, work), late);
  }
}
