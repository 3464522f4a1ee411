import { isFotaDocument, messageOf } from "@fota/shared";
import type { Log } from "../../core/ports.js";
import type { Job, Jobs } from "../../jobs.js";

/**
 * Looks for jobs of other kinds while an update downloads, which may take hours: the agent itself looks for jobs only
 * between its steps.
 */
export class DownloadWatch {
  readonly #jobs: Jobs;
  readonly #take: (job: Job) => void;
  readonly #log: Log;
  #isDownloading = false;
  #isDue = false;
  #looking: Promise<void> | undefined;

  constructor(jobs: Jobs, take: (job: Job) => void, log: Log) {
    this.#jobs = jobs;
    this.#take = take;
    this.#log = log;
    jobs.onChange(() => this.#look());
  }

  /** Notes the phase of the update; `undefined` if there is none. Looks for jobs at the start of a download. */
  note(phase: string | undefined): void {
    const wasDownloading = this.#isDownloading;
    this.#isDownloading = phase === "downloading";
    if (!wasDownloading) this.#look();
  }

  #look(): void {
    if (!this.#isDownloading) return;
    this.#isDue = true;
    this.#looking ??= this.#lookWhileDue().finally(() => {
      this.#looking = undefined;
    });
  }

  async #lookWhileDue(): Promise<void> {
    while (this.#isDue && this.#isDownloading) {
      this.#isDue = false;
      try {
        for (const job of (await this.#jobs.list()).flat()) {
          if ((await job.describe()) && !isFotaDocument(job.document)) this.#take(job);
        }
      } catch (error) {
        this.#log("warn", `other jobs wait until the download ends: ${messageOf(error)}`);
      }
    }
  }
}
