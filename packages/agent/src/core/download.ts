import { type Cause, FotaError, messageOf } from "@fota/shared";
import { backoffMs } from "./backoff.js";
import { withDeadline } from "./deadline.js";
import { DownloadBudget } from "./download-budget.js";
import type {
  DownloadDevice,
  DownloadObject,
  DownloadRequest,
  DownloadResult,
  DownloadSink,
  FreshUrl,
} from "./download-request.js";
import { type ImageAnswer, readErrorPage, readImageAnswer } from "./http-answer.js";
import { unlessInterrupted } from "./interruption.js";
import { pause } from "./pause.js";
import type { HttpResponse } from "./ports.js";
import type { AttemptFailure } from "./retry-decision.js";
import { JournalError, SlotImage } from "./slot-image.js";
import type { Failure } from "./update-state.js";
import { urlFault } from "./url-rules.js";

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
  budget = new DownloadBudget(request.tuning, request.target.sizeBytes, request.journal),
): Promise<DownloadResult> {
  const sink = new SlotImage(device, request, budget);
  return await downloadObject(device, request, { ...request.target, budget, sink });
}

/** Downloads an object into a sink, as `downloadImage` does. */
export async function downloadObject(
  device: DownloadDevice,
  request: DownloadRequest,
  object: DownloadObject,
): Promise<DownloadResult> {
  const download = new Download(device, request, object);
  try {
    return await download.run();
  } catch (error) {
    if (error instanceof JournalError) throw error.cause;
    return download.failed("slot-failed", messageOf(error));
  } finally {
    await object.sink.close();
    await device.slots.close(request.target.slot).catch((error: unknown) => {
      device.log("warn", `slot ${request.target.slot} could not be closed: ${messageOf(error)}`);
    });
  }
}

class Download {
  readonly #device: DownloadDevice;
  readonly #request: DownloadRequest;
  readonly #budget: DownloadBudget;
  readonly #image: DownloadSink;
  readonly #sizeBytes: number;
  #url: string;
  /** Description of the last answer without an image: its status and, if known, its S3 error code. */
  #lastAnswer = "";

  constructor(
    device: DownloadDevice,
    request: DownloadRequest,
    { budget, sink, sizeBytes, url }: DownloadObject,
  ) {
    this.#device = device;
    this.#request = request;
    this.#budget = budget;
    this.#image = sink;
    this.#sizeBytes = sizeBytes;
    this.#url = url;
  }

  async run(): Promise<DownloadResult> {
    const { interruption, holdsOther } = this.#request;
    const refusal = this.#urlRefusal();
    if (refusal !== undefined) return refusal;
    const found = this.#image.needsErase && !holdsOther ? await this.#image.findComplete() : undefined;
    if (found !== undefined) return { kind: "downloaded", found };
    while (interruption.reason === undefined) {
      const result = await this.#attempt();
      await this.#image.waitForWrite();
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
    const { receivedBytes } = this.#image;
    const detail = result.kind === "try-again" ? result.detail : this.#lastAnswer;
    if (result.kind === "try-again") {
      this.#device.log("warn", `download stopped at byte ${receivedBytes}: ${detail}`);
    }
    const decision = this.#budget.decideRetry(result.kind);
    switch (decision.action) {
      case "fail":
        return this.failed(decision.reason, detail);
      case "restart":
        await this.#image.rewind();
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

  failed(reason: Cause, detail: string, found: Pick<Failure, "expected" | "actual"> = {}): DownloadResult {
    const bytes = this.#image.receivedBytes;
    const totalBytes = this.#sizeBytes;
    return { kind: "failed", failure: { phase: "downloading", reason, detail, bytes, totalBytes, ...found } };
  }

  /** Sends one request and writes the body to the slot. Throws errors of the slot. */
  async #attempt(): Promise<AttemptResult> {
    const { tuning, interruption } = this.#request;
    const { http } = this.#device;
    const startBytes = this.#image.receivedBytes;
    if (this.#image.isComplete) return await this.#finish();
    const exhausted = this.#budget.fault(this.#image.needsErase);
    if (exhausted !== undefined) return this.failed("download-failed", exhausted);
    let response: HttpResponse;
    try {
      const headers = this.#headers(startBytes);
      response = await this.#timed(http.get(this.#url, headers, tuning.stallTimeoutMs, interruption));
    } catch (error) {
      return { kind: "try-again", detail: messageOf(error) };
    }
    const answer = readImageAnswer(response, startBytes, this.#sizeBytes, this.#image.etag);
    if (answer.kind === "body") return await this.#storeBody(response, answer);
    const page = await this.#withinLimit(readErrorPage(response)).catch(() => undefined);
    this.#lastAnswer = `the image server answered ${response.status}${page === undefined ? "" : ` ${page}`}`;
    this.#device.log("warn", this.#lastAnswer);
    return answer.kind === "wrong-size" ? this.#wrongSize(`${answer.actualBytes}`) : answer;
  }

  #headers(startBytes: number): Record<string, string> {
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (startBytes > 0) headers["range"] = `bytes=${startBytes}-`;
    if (startBytes > 0 && this.#image.etag !== undefined) headers["if-match"] = this.#image.etag;
    return headers;
  }

  async #storeBody(response: HttpResponse, { startBytes, etag }: ImageBody): Promise<AttemptResult> {
    const pieces = response.body[Symbol.asyncIterator]();
    let isFirst = true;
    try {
      for (;;) {
        let next: IteratorResult<Uint8Array>;
        try {
          next = await this.#timed(pieces.next(), ({ done, value }) => (done === true ? 0 : value.length));
        } catch (error) {
          if (this.#image.isComplete) return await this.#finish();
          return { kind: "try-again", detail: messageOf(error) };
        }
        if (next.done === true) break;
        const { length } = next.value;
        if (length === 0) continue;
        if (isFirst && startBytes !== this.#image.receivedBytes) await this.#image.rewind();
        if (this.#image.receivedBytes + length > this.#sizeBytes) {
          return this.#wrongSize(`more than ${this.#sizeBytes}`);
        }
        if (isFirst) this.#image.etag = etag;
        isFirst = false;
        const exhausted = await this.#image.begin();
        if (exhausted !== undefined) return this.failed("download-failed", exhausted);
        this.#budget.noteFetched(length, this.#image.receivedBytes + length);
        await this.#image.write(next.value);
        const slow = this.#budget.slowness;
        if (slow !== undefined && !this.#image.isComplete) {
          return { kind: "try-again", detail: slow };
        }
      }
    } finally {
      // Closes the connection after an early end. Errors of that do not matter.
      pieces.return?.().catch(() => undefined);
    }
    if (this.#image.isComplete) return await this.#finish();
    return { kind: "try-again", detail: `the body ended at byte ${this.#image.receivedBytes}` };
  }

  async #finish(): Promise<DownloadResult> {
    return { kind: "downloaded", found: await this.#image.finish() };
  }

  async #suspend(): Promise<DownloadResult> {
    await this.#image.suspend();
    return { kind: "interrupted" };
  }

  #urlRefusal(): DownloadResult | undefined {
    const fault = urlFault(this.#url, this.#request.urlRules);
    return fault === undefined ? undefined : this.failed("host-refused", fault);
  }

  #wrongSize(actual: string): DownloadResult {
    const expected = `${this.#sizeBytes}`;
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
