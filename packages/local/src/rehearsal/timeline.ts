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
 * Collects counts in equal steps, until their last change. When there are too many points, it drops every second one
 * and doubles the step. So the number of points stays bounded, however long the rollout takes.
 */
export class Timeline {
  readonly #startMs: number;
  #points: TimelinePoint[] = [];
  #stepMs = FIRST_STEP_MS;
  #last: TimelinePoint;

  constructor(startMs: number, counts: Readonly<TimelinePoint["counts"]>) {
    this.#startMs = startMs;
    this.#last = { afterMs: 0, counts: { ...counts } };
  }

  /**
   * Notes the counts at `nowMs`. Call it for each change, in the order of their times. Equal counts are no change: an
   * execution that waits through a hundred maintenance windows must not stretch the time until the last one.
   */
  note(nowMs: number, counts: Readonly<TimelinePoint["counts"]>): void {
    if (areEqual(this.#last.counts, counts)) return;
    const nowAfterMs = nowMs - this.#startMs;
    for (;;) {
      const afterMs = this.#points.length * this.#stepMs;
      if (afterMs >= nowAfterMs) break;
      this.#points.push({ afterMs, counts: { ...this.#last.counts } });
      if (this.#points.length === POINTS_MAX) this.#halve();
    }
    this.#last.afterMs = nowAfterMs;
    Object.assign(this.#last.counts, counts);
  }

  /** Returns the points, and as the last one the last change. At most 120, the first at 0. */
  end(): TimelinePoint[] {
    return [...this.#points, { afterMs: this.#last.afterMs, counts: { ...this.#last.counts } }];
  }

  #halve(): void {
    this.#points = this.#points.filter((_, index) => index % 2 === 0);
    this.#stepMs *= 2;
  }
}

function areEqual(a: Readonly<TimelinePoint["counts"]>, b: Readonly<TimelinePoint["counts"]>): boolean {
  for (const status in a) {
    if (a[status as JobExecutionStatus] !== b[status as JobExecutionStatus]) return false;
  }
  return true;
}
