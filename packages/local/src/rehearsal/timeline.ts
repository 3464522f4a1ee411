import type { JobExecutionStatus } from "@fota/shared";

/** How many executions had each status at a time. */
export interface TimelinePoint {
  /** Since the job was created. */
  afterMs: number;
  counts: Record<JobExecutionStatus, number>;
}

const POINTS_MAX = 120;
const FIRST_STEP_MS = 1_000;

/**
 * Collects counts in equal steps. When there are too many points, it drops every second one and doubles the step. So
 * the number of points stays bounded, however long the rollout takes.
 */
export class Timeline {
  readonly #startMs: number;
  #points: TimelinePoint[] = [];
  #stepMs = FIRST_STEP_MS;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** Adds the points before `nowMs`. Call it before each change, with the counts until then. */
  advanceTo(nowMs: number, counts: TimelinePoint["counts"]): void {
    for (;;) {
      const afterMs = this.#points.length * this.#stepMs;
      if (this.#startMs + afterMs >= nowMs) return;
      this.#points.push({ afterMs, counts: { ...counts } });
      if (this.#points.length === POINTS_MAX) this.#halve();
    }
  }

  /** Returns the points, and as the last one the counts at `endMs`. At most 120, the first at 0. */
  end(endMs: number, counts: TimelinePoint["counts"]): TimelinePoint[] {
    this.advanceTo(endMs, counts);
    return [...this.#points, { afterMs: endMs - this.#startMs, counts: { ...counts } }];
  }

  #halve(): void {
    this.#points = this.#points.filter((_, index) => index % 2 === 0);
    this.#stepMs *= 2;
  }
}
