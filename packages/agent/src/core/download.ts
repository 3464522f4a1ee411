import { type Cause, FotaError, messageOf } from "@fota/shared";
import { type BackoffPolicy, backoffMs } from "./backoff.js";
import { withDeadline } from "./deadline.js";
import { type ImageAnswer, readErrorPage, readImageAnswer } from "./http-answer.js";
import { type Interruption, unlessInterrupted } from "./interruption.js";
import { pause } from "./pause.js";
import type { Device, HttpResponse, ReadBack, SlotDigests } from "./ports.js";
import { SlotWriter } from "./slot-writer.js";
import type { Failure, Journal, Order } from "./update-state.js";
import { type UrlRules, urlFault } from "./url-rules.js";

export interface DownloadTuning {
  /** Without an answer or a further byte, the attempt is given up. */
  stallTimeoutMs: number;
  /** Attempts in a row that bring no byte further before the download fails. */
  attempts: number;
  /** Fresh URLs in a row that bring no byte further before the download fails. */
  freshUrls: number;
  backoff: BackoffPolicy;
  /** After so many bytes they are made durable, if `journalIntervalMs` have passed: a power cut loses no more. */
  journalBytes: number;
  /** What a fast link may lose at most, in time: it would otherwise spend more of it on the journal than on the image. */
  journalIntervalMs: number;
  /** Bytes of one write. Two such buffers are all the memory that the image takes: one fills while one is written. */
  bufferBytes: number;
}

export const DOWNLOAD_TUNING: DownloadTuning = {
  stallTimeoutMs: 30_000,
  attempts: 8,
  freshUrls: 3,
  backoff: { baseMs: 1_000, maxMs: 60_000 },
  journalBytes: 1024 * 1024,
  journalIntervalMs: 1_000,
  bufferBytes: 256 * 1024,
};

/** Answer to the question for a URL that has not expired. */
export type FreshUrl = { kind: "url"; url: string } | { kind: "order-gone" } | { kind: "unanswered" };

export interface DownloadRequest {
  order: Order;
  journal: Journal;
  tuning: DownloadTuning;
  urlRules: UrlRules;
  /** Called after the bytes are durable; they are not fetched again once it resolves. */
  saveJournal(journal: Journal): Promise<void>;
  freshUrl(): Promise<FreshUrl>;
  /** Told of each write, in bytes of the image. */
  onProgress(bytes: number): void;
  /** Stops the download wherever it waits. */
  interruption: Interruption;
}

export type DownloadResult =
  /** With the digests of the slot, where it was read back behind the writes. */
  | { kind: "downloaded"; found?: SlotDigests }
  | { kind: "failed"; failure: Failure }
  | { kind: "order-gone" }
  /** Stopped, or the service could not be asked for a fresh URL: the journal says where to go on. */
  | { kind: "interrupted" };

type DownloadDevice = Pick<Device, "slots" | "http" | "clock" | "random" | "log">;

/** How one attempt ended. */
type AttemptResult = DownloadResult | Exclude<ImageAnswer, { kind: "body" | "wrong-size" }>;

/**
 * Streams the ordered image into its slot and makes it durable there. Resumes where the journal says, writes never
 * more than the ordered size, fetches no byte twice except after a cut, and ends after a bounded number of attempts
 * that bring nothing. Rejects only when the journal cannot be saved; slot and network trouble is in the result.
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
    await device.slots.close(request.order.slot).catch((error: unknown) => {
      device.log("warn", `slot ${request.order.slot} could not be closed: ${messageOf(error)}`);
    });
  }
}

/** Tells a journal that cannot be saved from a slot that cannot be written. */
class JournalError extends Error {}

class Download {
  readonly #device: DownloadDevice;
  readonly #request: DownloadRequest;
  readonly #writer: SlotWriter;
  #readBack: ReadBack | undefined;
  #url: string;
  #etag: string | undefined;
  #durableBytes: number;
  #durableMs: number;
  #storedBytes: number;
  /** The furthest that this download came: only beyond it is progress, or a server without Range could loop us. */
  #highestBytes: number;
  /** Status and, where S3 says one, error of the last answer that was no image. */
  #said = "";

  constructor(device: DownloadDevice, request: DownloadRequest) {
    const { order, journal, tuning } = request;
    const startBytes = Math.min(journal.offsetBytes, order.sizeBytes);
    this.#device = device;
    this.#request = request;
    this.#writer = new SlotWriter(
      (offset, bytes) => this.#store(offset, bytes),
      startBytes,
      tuning.bufferBytes,
    );
    this.#url = order.url;
    this.#etag = journal.etag;
    this.#durableBytes = startBytes;
    this.#durableMs = device.clock.monotonicMs();
    this.#storedBytes = startBytes;
    this.#highestBytes = startBytes;
  }

  async run(): Promise<DownloadResult> {
    const { tuning, order, interruption } = this.#request;
    let failures = 0;
    let freshUrls = 0;
    let changes = 0;
    const unfit = this.#urlRefused();
    if (unfit !== undefined) return unfit;
    if (this.#durableBytes === 0) await this.#device.slots.erase(order.slot, order.sizeBytes);
    this.#startReadBack();
    while (interruption.reason === undefined) {
      const before = this.#highestBytes;
      const result = await this.#attempt();
      await this.#writer.settle();
      if (interruption.reason !== undefined && result.kind !== "downloaded") break;
      if (this.#highestBytes > before) {
        failures = 0;
        freshUrls = 0;
      }
      switch (result.kind) {
        case "gone":
          return this.failed("image-gone", this.#said);
        case "hopeless":
          return this.failed("download-failed", this.#said);
        case "changed":
          changes += 1;
          if (changes > 1) return this.failed("image-changed", this.#said);
          await this.#startAtZero();
          break;
        case "url-refused": {
          freshUrls += 1;
          if (freshUrls > tuning.freshUrls) return this.failed("url-refused", this.#said);
          await this.#pause(freshUrls);
          const fresh = await this.#request.freshUrl();
          if (fresh.kind === "order-gone") return fresh;
          if (fresh.kind === "unanswered") return await this.#leave();
          this.#url = fresh.url;
          const refused = this.#urlRefused();
          if (refused !== undefined) return refused;
          break;
        }
        case "try-again":
          failures += 1;
          this.#device.log(
            "warn",
            `download stopped at byte ${this.#writer.receivedBytes}: ${result.detail}`,
          );
          if (failures >= tuning.attempts) return this.failed("download-failed", result.detail);
          await this.#pause(failures);
          break;
        default:
          return result;
      }
    }
    return interruption.reason === "order-gone" ? { kind: "order-gone" } : await this.#leave();
  }

  /** Never rejects: that reading ends badly changes nothing. */
  async stopReadBack(): Promise<void> {
    const readBack = this.#readBack;
    this.#readBack = undefined;
    await readBack?.stop().catch((error: unknown) => this.#readBackFailed(error));
  }

  failed(reason: Cause, detail: string, found: Pick<Failure, "expected" | "actual"> = {}): DownloadResult {
    const bytes = this.#writer.receivedBytes;
    const totalBytes = this.#request.order.sizeBytes;
    return { kind: "failed", failure: { phase: "downloading", reason, detail, bytes, totalBytes, ...found } };
  }

  /** One request, and as much of its body as comes. Throws what the slot throws. */
  async #attempt(): Promise<AttemptResult> {
    const { order, tuning, interruption } = this.#request;
    const { http } = this.#device;
    const startBytes = this.#writer.receivedBytes;
    if (startBytes === order.sizeBytes) return await this.#finish();
    let response: HttpResponse;
    try {
      const headers = this.#headers(startBytes);
      response = await this.#inTime(http.get(this.#url, headers, tuning.stallTimeoutMs, interruption));
    } catch (error) {
      return { kind: "try-again", detail: messageOf(error) };
    }
    const answer = readImageAnswer(response, startBytes, order.sizeBytes);
    if (answer.kind === "body") {
      if (answer.startBytes !== startBytes) await this.#startAtZero();
      this.#etag = answer.etag;
      return await this.#takeBody(response);
    }
    const page = await this.#inTime(readErrorPage(response)).catch(() => undefined);
    this.#said = `the image server answered ${response.status}${page === undefined ? "" : ` ${page}`}`;
    this.#device.log("warn", this.#said);
    return answer.kind === "wrong-size" ? this.#wrongSize(`${answer.actualBytes}`) : answer;
  }

  #headers(startBytes: number): Record<string, string> {
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (startBytes > 0) headers["range"] = `bytes=${startBytes}-`;
    if (startBytes > 0 && this.#etag !== undefined) headers["if-match"] = this.#etag;
    return headers;
  }

  async #takeBody(response: HttpResponse): Promise<AttemptResult> {
    const { order } = this.#request;
    const pieces = response.body[Symbol.asyncIterator]();
    try {
      for (;;) {
        let next: IteratorResult<Uint8Array>;
        try {
          next = await this.#inTime(pieces.next());
        } catch (error) {
          if (this.#writer.receivedBytes === order.sizeBytes) return await this.#finish();
          return { kind: "try-again", detail: messageOf(error) };
        }
        if (next.done === true) break;
        if (this.#writer.receivedBytes + next.value.length > order.sizeBytes) {
          return this.#wrongSize(`more than ${order.sizeBytes}`);
        }
        await this.#writer.write(next.value);
        this.#highestBytes = Math.max(this.#highestBytes, this.#writer.receivedBytes);
      }
    } finally {
      // Leaving early closes the connection; whether that goes well changes nothing here.
      pieces.return?.().catch(() => undefined);
    }
    if (this.#writer.receivedBytes === order.sizeBytes) return await this.#finish();
    return { kind: "try-again", detail: `the body ended at byte ${this.#writer.receivedBytes}` };
  }

  async #finish(): Promise<DownloadResult> {
    await this.#writer.flush();
    await this.#device.slots.sync(this.#request.order.slot);
    const found = await this.#readBack?.digests().catch((error: unknown) => this.#readBackFailed(error));
    return found === undefined ? { kind: "downloaded" } : { kind: "downloaded", found };
  }

  /** What an earlier process made durable is read as well. */
  #startReadBack(): void {
    const { slot, sizeBytes } = this.#request.order;
    try {
      this.#readBack = this.#device.slots.readBack?.(slot, sizeBytes);
      this.#readBack?.advance(this.#storedBytes);
    } catch (error) {
      this.#readBackFailed(error);
    }
  }

  #readBackFailed(error: unknown): undefined {
    this.#device.log("warn", `slot ${this.#request.order.slot} is read back later: ${messageOf(error)}`);
  }

  /** Leaves the download for later: what came is made durable, so that it is not fetched again. */
  async #leave(): Promise<DownloadResult> {
    await this.#writer.flush();
    if (this.#storedBytes > this.#durableBytes) await this.#journal();
    return { kind: "interrupted" };
  }

  /** Runs beside the network; the writer has one at a time. */
  async #store(offsetBytes: number, bytes: Uint8Array): Promise<void> {
    const { order, tuning, onProgress } = this.#request;
    await this.#device.slots.write(order.slot, offsetBytes, bytes);
    this.#storedBytes = offsetBytes + bytes.length;
    this.#readBack?.advance(this.#storedBytes);
    const isFar = this.#storedBytes - this.#durableBytes >= tuning.journalBytes;
    if (isFar && this.#device.clock.monotonicMs() - this.#durableMs >= tuning.journalIntervalMs) {
      await this.#journal();
    }
    onProgress(this.#storedBytes);
  }

  async #journal(): Promise<void> {
    await this.#device.slots.sync(this.#request.order.slot);
    await this.#save(this.#storedBytes);
  }

  /** The journal goes first: after a cut it must not name bytes that were erased. */
  async #startAtZero(): Promise<void> {
    const { slot, sizeBytes } = this.#request.order;
    this.#etag = undefined;
    await this.#writer.restartAt(0);
    await this.stopReadBack();
    this.#storedBytes = 0;
    await this.#save(0);
    await this.#device.slots.erase(slot, sizeBytes);
    this.#startReadBack();
  }

  async #save(offsetBytes: number): Promise<void> {
    const journal = this.#etag === undefined ? { offsetBytes } : { offsetBytes, etag: this.#etag };
    try {
      await this.#request.saveJournal(journal);
    } catch (cause) {
      throw new JournalError("the journal could not be saved", { cause });
    }
    this.#durableBytes = offsetBytes;
    this.#durableMs = this.#device.clock.monotonicMs();
  }

  #urlRefused(): DownloadResult | undefined {
    const fault = urlFault(this.#url, this.#request.urlRules);
    return fault === undefined ? undefined : this.failed("host-refused", fault);
  }

  #wrongSize(actual: string): DownloadResult {
    const expected = `${this.#request.order.sizeBytes}`;
    return this.failed("size-mismatch", "the object does not have the ordered size", { expected, actual });
  }

  #pause(failures: number): Promise<void> {
    const { clock, random } = this.#device;
    const { tuning, interruption } = this.#request;
    return pause(clock, backoffMs(failures, tuning.backoff, random.next()), interruption);
  }

  /** The port promises a stall limit of its own; this one holds when it does not keep it. */
  #inTime<T>(work: Promise<T>): Promise<T> {
    const { interruption, tuning } = this.#request;
    const limitMs = tuning.stallTimeoutMs;
    const late = () => new FotaError("REQUEST_TIMED_OUT", `no byte of the image came for ${limitMs} ms`);
    return withDeadline(this.#device.clock, limitMs, unlessInterrupted(interruption, work), late);
  }
}
