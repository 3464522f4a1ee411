import type { Iot } from "../aws/iot.js";
import type { JobDescription } from "../aws/jobs.js";
import type { Context } from "../context.js";
import { openScreen, type Screen } from "../terminal/screen.js";
import { withDetails } from "./details.js";
import { follow, textOfState } from "./follow.js";
import { formatSummary } from "./format.js";
import type { JobSummary } from "./result.js";
import { type JobState, jobReader } from "./summary.js";
import { viewOf } from "./view.js";
import { interruptible, outcomeLine, withTimeOfDay } from "./wait.js";

export interface Watching {
  utc: boolean;
  timeoutMs: number | undefined;
  /** The job, if it was read already. */
  first: JobDescription | undefined;
}

/**
 * Shows a job as it changes, until it has ended: on a terminal one view, redrawn in place; elsewhere a line for each
 * change, as JSON with `--json`.
 * @throws {FotaError} WAIT_TIMED_OUT, INTERRUPTED, JOB_NOT_FOUND
 */
export async function watchJob(
  context: Context,
  iot: Iot,
  jobId: string,
  { utc, timeoutMs, first }: Watching,
): Promise<JobSummary> {
  const { host, output } = context;
  const isOnScreen = host.stdout.isTTY === true && !output.json && output.debug === undefined;
  const shows = isOnScreen ? onScreen(context, utc) : inLines(context);
  const read = jobReader(iot, jobId, { kind: "few" }, first);
  try {
    const state = await follow(
      {
        ...interruptible(read, host.signal, ["status", jobId, "--watch"]),
        onState: shows.state,
        onOutage: ({ message }) => shows.trouble(message),
        nowMs: () => performance.now(),
      },
      timeoutMs,
    );
    // The view that stays has what `fota status` shows.
    if (isOnScreen) shows.state({ ...state, summary: await withDetails(iot, state.summary) });
    return state.summary;
  } finally {
    shows.close();
  }
}

interface Shows {
  state(state: JobState): void;
  trouble(message: string): void;
  close(): void;
}

function onScreen(context: Context, utc: boolean): Shows {
  const { host, output } = context;
  let summary: JobSummary | undefined;
  let trouble: string | undefined;
  const picture = (of: JobSummary) => formatSummary(of, viewOf(context, utc));
  const draw = () => {
    if (summary === undefined) return;
    const below =
      trouble === undefined ? "Ctrl-C ends the watch; the job continues" : `${trouble}; trying again`;
    screen.draw(`${picture(summary)}\n\n${output.paint(trouble === undefined ? "dim" : "yellow", below)}`);
  };
  const screen: Screen = openScreen(host.stdout, draw);
  return {
    state(state) {
      summary = state.summary;
      trouble = undefined;
      draw();
    },
    trouble(message) {
      trouble = message;
      draw();
    },
    close: () => screen.close(summary && picture(summary)),
  };
}

function inLines({ output }: Context): Shows {
  let before = "";
  return {
    state({ summary }) {
      const line = outcomeLine(summary, output.paint);
      const now = output.json ? textOfState(summary) : line;
      if (now !== before) output.line(summary, withTimeOfDay(line));
      before = now;
    },
    trouble: (message) => output.note(`${message}; trying again`),
    close: () => {},
  };
}
