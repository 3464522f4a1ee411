import { FotaError, isFotaError } from "@fota/shared";
import { formatSeconds } from "../terminal/format.js";
import type { JobSummary } from "./result.js";
import type { JobState } from "./summary.js";

export interface FollowPorts {
  read(): Promise<JobState>;
  /** Called after each read. */
  onState(state: JobState): void;
  /** Called when AWS cannot be reached for a while; following continues. */
  onOutage(error: FotaError): void;
  /** Rejects when interrupted. */
  sleep(delayMs: number): Promise<void>;
  nowMs(): number;
}

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 5_000;
/** Limits how long AWS may be unreachable before `follow` gives up. */
const OUTAGE_MAX_MS = 300_000;

/**
 * Reads the state of a job until the job has ended: after 1 s, then less often while nothing changes, but at least
 * every 5 s. Waits through throttling and outages of up to 5 minutes.
 * @throws {FotaError} WAIT_TIMED_OUT after `timeoutMs`; what `read` throws if it is not transient
 */
export async function follow(ports: FollowPorts, timeoutMs: number | undefined): Promise<JobState> {
  const startMs = ports.nowMs();
  let delayMs = FIRST_DELAY_MS;
  let shownBefore = "";
  let outageSinceMs: number | undefined;
  let jobId: string | undefined;
  for (;;) {
    try {
      const state = await ports.read();
      outageSinceMs = undefined;
      jobId = state.summary.jobId;
      ports.onState(state);
      if (state.ended) return state;
      const shown = textOfState(state.summary);
      delayMs = shown === shownBefore ? Math.min(delayMs * 1.5, LONGEST_DELAY_MS) : FIRST_DELAY_MS;
      shownBefore = shown;
    } catch (error) {
      if (!isTransient(error)) throw error;
      outageSinceMs ??= ports.nowMs();
      if (ports.nowMs() - outageSinceMs > OUTAGE_MAX_MS) throw error;
      ports.onOutage(error);
      delayMs = LONGEST_DELAY_MS;
    }
    const leftMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : startMs + timeoutMs - ports.nowMs();
    if (leftMs <= 0) {
      throw waitTimedOut(jobId, timeoutMs ?? 0);
    }
    await ports.sleep(Math.min(delayMs, leftMs));
  }
}

/** `jobId` is absent if AWS never answered. */
function waitTimedOut(jobId: string | undefined, timeoutMs: number): FotaError {
  const job = jobId === undefined ? "the job" : `job ${jobId}`;
  return new FotaError("WAIT_TIMED_OUT", `${job} has not ended after ${formatSeconds(timeoutMs / 1000)}`, {
    hint: {
      text: "run <command> to see what holds it up; the job continues",
      command: jobId === undefined ? ["status"] : ["why", jobId],
    },
  });
}

/**
 * Returns a text that changes when the state does. It has no rate and no expected end, which change with time alone.
 */
export function textOfState({ ratePerMinute: _rate, expectedEnd: _end, ...lasting }: JobSummary): string {
  return JSON.stringify(lasting);
}

function isTransient(error: unknown): error is FotaError {
  return isFotaError(error, "THROTTLED") || isFotaError(error, "ENDPOINT_UNREACHABLE");
}
