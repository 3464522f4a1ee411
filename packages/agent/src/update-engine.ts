import { isFotaDocument, messageOf, PENDING_EXECUTIONS_SHOWN_MAX, type UpdateReport } from "@fota/shared";
import type { DocumentRules } from "./core/check-document.js";
import { bootOf, classifyJob } from "./core/classify-job.js";
import { withTimeout } from "./core/deadline.js";
import { DOWNLOAD_TUNING, type DownloadTuning } from "./core/download-tuning.js";
import { ExecutionReporter } from "./core/execution-reporter.js";
import type { ExecutorContext } from "./core/executor-context.js";
import { execute } from "./core/executors.js";
import { HookRunner } from "./core/hooks.js";
import { Interruption } from "./core/interruption.js";
import type { Device } from "./core/ports.js";
import { withPrintableLog } from "./core/printable-log.js";
import { PROGRESS_POLICY } from "./core/progress.js";
import { type Execute, type RunOutcome, UpdateRunner } from "./core/runner.js";
import { RunningImage } from "./core/running-image.js";
import type { TrustedDocument, TrustGuard, TrustRules } from "./core/trust-ports.js";
import { type BootFacts, keyOf, type UpdateEvent, type UpdateState } from "./core/update-state.js";
import type { UrlRules } from "./core/url-rules.js";
import type { FotaOptions, HandleFotaJobsOptions, PassSettings } from "./fota-options.js";
import type { Job, Jobs } from "./jobs.js";

/** How long a `jobCallback` may delay the update; after that both run at the same time. */
const JOB_CALLBACK_LIMIT_MS = 60_000;
/** How often the list is read again after jobs in it have ended: AWS lists only the first 10. */
const LIST_ROUNDS_MAX = 25;

export type PassResult =
  /** No pending job is left to do. With `againMs`, the inventory is still to be reported then. */
  | { kind: "idle"; againMs?: number }
  /** Work is left after an error of link, service or device. With `delayMs`, a hook deferred the update. */
  | { kind: "waiting"; delayMs?: number }
  | { kind: "resetDue" };

/** One call of `handleFotaJobs`. */
interface Pass {
  jobs: Jobs;
  settings: PassSettings;
  context: ExecutorContext;
  /** Executions handled in this pass. None is handled twice, whatever the service answers. */
  tried: Set<string>;
}

/** Finds jobs and feeds them to the update machine. `Fota` and `FotaAgent` use it. */
export class UpdateEngine {
  /** The device, with a log that escapes control characters. */
  readonly device: Device;
  readonly runner: UpdateRunner;
  readonly #options: FotaOptions;
  readonly #hooks: HookRunner;
  /** The next pass looks for jobs even without a notification. */
  #lookDue = false;
  #resetDue = false;
  #busy = false;
  /** Executions of other kinds that `jobCallback` got, as long as the service lists them (B-28). */
  #handedOver = new Set<string>();
  /** The log has a warning that jobs of other kinds fill the list. */
  #warnedFull = false;
  readonly #runningImage: RunningImage;
  readonly #trust: TrustGuard | undefined;
  /** The name of this device at AWS IoT, from the last pass. */
  #thingName: string | undefined;

  constructor(device: Device, options: FotaOptions) {
    this.device = withPrintableLog(device);
    this.#options = options;
    this.runner = new UpdateRunner(device.state, this.device.log, () => {
      this.#lookDue = true;
    });
    this.#runningImage = new RunningImage(device.slots);
    this.#trust = device.trust?.guard(this.device.log, device.clock);
    this.#hooks = new HookRunner(options, options.hookTimeoutMs ?? 60_000, device.clock);
  }

  /** Makes the next pass look for jobs even without a notification. */
  lookAgain(): void {
    this.#lookDue = true;
  }

  /**
   * Raises the sequence number and the time to those of the accepted release if the device runs it. Call it after each
   * confirm. Rejects if that cannot be saved.
   */
  async confirmTrust(): Promise<void> {
    await this.#trust?.confirm((image) => this.#runningImage.is(image));
  }

  /** Notes what a confirm of the document's image will raise. Rejects if that cannot be saved. */
  async acceptTrust(trusted: TrustedDocument | undefined): Promise<void> {
    if (trusted !== undefined) await this.#trust?.accept(trusted);
  }

  /**
   * Runs one pass, as `Fota.handleFotaJobs` describes. Starts no further work after `stop` is interrupted. Returns
   * "waiting" at once while another pass runs. Never rejects.
   */
  async runPass(jobs: Jobs, settings: PassSettings, stop = new Interruption()): Promise<PassResult> {
    const isChanged = jobs.changed(); // also with `force`, because each call resets it (P-44)
    if (isChanged || settings.force || settings.jobId !== undefined) this.#lookDue = true;
    try {
      return await this.exclusively<PassResult>({ kind: "waiting" }, () =>
        this.#handle(jobs, settings, stop).then((result) => this.#reportInventory(result, jobs, stop)),
      );
    } catch (error) {
      this.#lookDue = true;
      this.device.log("error", `handleFotaJobs: ${messageOf(error)}`, error);
      return { kind: "waiting" };
    }
  }

  async #handle(jobs: Jobs, settings: PassSettings, stop: Interruption): Promise<PassResult> {
    if (this.#resetDue && !settings.autoReset) return { kind: "resetDue" };
    this.#thingName = jobs.mqtt.thingName;
    const pass: Pass = { jobs, settings, context: this.#contextOf(jobs, settings, stop), tried: new Set() };
    const state = await this.runner.load();
    if (state.phase !== "idle") {
      const facts = await this.#facts(state);
      const outcome = await this.#run({ type: "booted", ...facts }, pass);
      if (outcome === "resetDue" || (outcome === "waiting" && !(await this.#isDeferred()))) {
        return { kind: outcome };
      }
      if (outcome === "idle") this.#lookDue = true;
    }
    if (!this.#lookDue) return await this.#resultOf("idle");
    if (stop.reason !== undefined || !(await pass.context.reporter.connect())) return { kind: "waiting" };
    return await this.#resultOf(await this.#lookForJobs(pass));
  }

  /** Reports what the device runs, unless an update is in progress that may change it soon. */
  async #reportInventory(result: PassResult, { mqtt }: Jobs, stop: Interruption): Promise<PassResult> {
    const { inventory } = this.device;
    const isQuiet = result.kind === "idle" || (result.kind === "waiting" && result.delayMs !== undefined);
    if (inventory === undefined || !isQuiet || stop.reason !== undefined) return result;
    const againMs = await inventory.report(this.device, mqtt, this.#runningImage.identified);
    return result.kind === "idle" && againMs !== undefined ? { ...result, againMs } : result;
  }

  /** Tells whether a hook deferred the update. Jobs of other kinds do not wait for it. */
  async #isDeferred(): Promise<boolean> {
    return this.#hooks.waitMs !== undefined && (await this.runner.load()).phase === "consulting";
  }

  /** Returns the result of a pass. A deferred update counts as work that is left. */
  async #resultOf(outcome: RunOutcome): Promise<PassResult> {
    const delayMs = this.#hooks.waitMs;
    const isDeferred = delayMs !== undefined && (await this.#isDeferred());
    return isDeferred ? { kind: "waiting", delayMs } : { kind: outcome };
  }

  async #lookForJobs(pass: Pass): Promise<RunOutcome> {
    for (let round = 0; round < LIST_ROUNDS_MAX; round += 1) {
      this.#lookDue = false;
      const [inProgress, queued] = await pass.jobs.list();
      const listed = [...inProgress, ...queued];
      const keys = new Set(listed.map(keyOf));
      const isFull = listed.length >= PENDING_EXECUTIONS_SHOWN_MAX; // then there may be more pending executions
      this.#handedOver = new Set([...this.#handedOver].filter((key) => isFull || keys.has(key)));
      let hasEnded = false;
      let hasUpdate = false;
      for await (const job of this.#candidates(listed, pass, () => isFull && !hasUpdate)) {
        if (pass.context.stop.reason !== undefined) {
          this.#lookDue = true;
          return "waiting";
        }
        const outcome = await this.#process(job, pass);
        hasUpdate ||= outcome !== "foreign" && outcome !== "gone";
        if (outcome === "resetDue" || (outcome === "waiting" && !(await this.#isDeferred()))) {
          return outcome;
        }
        hasEnded ||= outcome === "idle";
      }
      if (!hasEnded) return "idle";
    }
    this.#lookDue = true;
    return "waiting";
  }

  /**
   * Yields the listed jobs, then jobs that the list may not show: the one with `settings.jobId` and, if jobs of other
   * kinds fill the list, those in earlier notifications.
   */
  async *#candidates(
    listed: Job[],
    { jobs, settings }: Pass,
    hidesOthers: () => boolean,
  ): AsyncGenerator<Job> {
    yield* listed;
    const isHidden = hidesOthers();
    if (isHidden && !this.#warnedFull) {
      this.device.log(
        "warn",
        `AWS IoT lists only ${listed.length} pending jobs, and none of them is an update: updates behind them wait until some of them end`,
      );
    }
    this.#warnedFull = isHidden;
    const ids = new Set([settings.jobId, ...(isHidden ? jobs.notifiedIds() : [])]);
    for (const { jobId } of listed) ids.delete(jobId);
    for (const jobId of ids) {
      const job = jobId === undefined ? undefined : await jobs.find(jobId);
      if (job !== undefined) yield job;
    }
  }

  /**
   * Runs one job as far as possible. "foreign": a job of another kind; "gone": no longer pending; "left": an update
   * that must wait.
   */
  async #process(job: Job, pass: Pass): Promise<RunOutcome | "left" | "foreign" | "gone"> {
    const key = keyOf(job);
    if (this.#handedOver.has(key)) return "foreign";
    if (pass.tried.has(key)) return "left";
    if (!(await job.describe())) return "gone";
    // Another update is deferred. This one must not replace what its confirm will raise.
    if (isFotaDocument(job.document) && (await this.#isDeferred())) return "left";
    const event = await classifyJob(job, this.device, await this.rules(), {
      runs: (target) => this.#runningImage.is(target),
      accept: (trusted) => this.acceptTrust(trusted),
    });
    if (event === "foreign") {
      await this.#handOver(job, key, pass.settings.jobCallback);
      return "foreign";
    }
    if (event === "later") {
      this.device.log("info", `job ${job.jobId} waits: an image is on trial, or a reset is due`);
      return "left";
    }
    // The running image was confirmed before this document came, so its number counts at once.
    if (event.type === "alreadyRuns") await this.confirmTrust();
    pass.tried.add(key);
    return await this.#run(event, pass);
  }

  async #handOver(job: Job, key: string, jobCallback: HandleFotaJobsOptions["jobCallback"]): Promise<void> {
    if (jobCallback === undefined) return;
    this.#handedOver.add(key);
    try {
      const late = `still running after ${JOB_CALLBACK_LIMIT_MS} ms`;
      const work = Promise.resolve().then(() => jobCallback(job));
      await withTimeout(this.device.clock, JOB_CALLBACK_LIMIT_MS, work, late);
    } catch (error) {
      this.device.log("warn", `jobCallback failed for ${String(job)}: ${messageOf(error)}`);
    }
  }

  async #run(event: UpdateEvent, pass: Pass): Promise<RunOutcome> {
    const { context } = pass;
    const executeEffect: Execute = (effect, advance) => execute(effect, context, advance);
    const outcome = await this.runner.run(event, executeEffect, context.stop);
    if (outcome === "resetDue") this.#resetDue = true;
    return outcome;
  }

  async #facts(state: Exclude<UpdateState, { phase: "idle" }>): Promise<BootFacts> {
    const record = await this.device.slots.record();
    const runsTarget = state.target !== undefined && (await this.#runningImage.is(state.target));
    return { boot: bootOf(record), image: runsTarget ? "target" : "other", failure: record.failure };
  }

  /** Runs `action`, or returns `busy` at once if another action is running. */
  async exclusively<T>(busy: T, action: () => Promise<T>): Promise<T> {
    if (this.#busy) return busy;
    this.#busy = true;
    try {
      return await action();
    } finally {
      this.#busy = false;
    }
  }

  #contextOf(jobs: Jobs, { disconnectMqtt, autoReset }: PassSettings, stop: Interruption): ExecutorContext {
    const device = this.device;
    return {
      device,
      reporter: new ExecutionReporter(jobs.mqtt, jobs.client, device.clock, device.log),
      disconnectMqtt,
      autoReset,
      hooks: this.#hooks,
      notified: this.#lookDue,
      selfTest: this.#options.selfTest,
      selfTestTimeoutMs: this.#options.selfTestTimeoutMs ?? 60_000,
      download: this.downloadTuning(),
      urlRules: this.urlRules(),
      holdsOther: (target) => this.runner.holdsOther(target),
      progress: { ...PROGRESS_POLICY, ...this.#options.progress },
      onProgress: (report) => this.notifyProgress(report),
      confirmTrust: () => this.confirmTrust(),
      onJobsChange: (listener) => jobs.onChange(listener),
      stop,
    };
  }

  /** Rejects if what the device knows of earlier signed documents cannot be read. */
  async rules(): Promise<DocumentRules> {
    const { allowDowngrade } = this.#options;
    const { model, firmwareVersion, wallClockMs } = this.device;
    return {
      ...this.urlRules(),
      model,
      firmwareVersion,
      wallClockMs,
      allowDowngrade,
      thingName: this.#thingName,
      trust: await this.#trustRules(),
    };
  }

  /** Before it returns the rules, raises what a power cut kept from being raised right after a confirm. */
  async #trustRules(): Promise<TrustRules | undefined> {
    if (this.#trust === undefined) return undefined;
    const record = await this.device.slots.record().catch(() => undefined);
    if (record !== undefined && bootOf(record) === "settled") {
      await this.#trust.confirm((image) => this.#runningImage.is(image).catch(() => false));
    }
    return await this.#trust.rules();
  }

  urlRules(): UrlRules {
    const { allowedHosts, allowLoopbackHttp } = this.#options;
    return { allowedHosts, allowLoopbackHttp };
  }

  downloadTuning(): DownloadTuning {
    return { ...DOWNLOAD_TUNING, ...this.#options.download };
  }

  notifyProgress(report: UpdateReport): void {
    try {
      this.#options.onProgress?.(report);
    } catch (error) {
      this.device.log("warn", `onProgress threw: ${messageOf(error)}`);
    }
  }
}
