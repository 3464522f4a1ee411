import { Area } from "../pages/drawing.js";
import { type Look, STATUS_LOOKS, type Tone } from "../pages/look.js";
import { coordinate, formatNumber } from "../pages/numbers.js";
import { Badge } from "../pages/panel.js";
import { STATES } from "../status/fleet.js";
import { outcomeOf } from "../status/outcome.js";
import type { JobSummary } from "../status/result.js";
import type { Style } from "../terminal/paint.js";

const TONES: Partial<Record<Style, Tone>> = {
  green: "good",
  red: "bad",
  yellow: "warn",
  cyan: "run",
  magenta: "off",
};

/** Returns the tone in which a page shows how a job goes. */
export function toneOfJob(job: JobSummary): Tone {
  return TONES[outcomeOf(job).style] ?? "wait";
}

/** Shows how a job goes in a few words. */
export function OutcomeBadge({ job }: { job: JobSummary }) {
  return <Badge tone={toneOfJob(job)}>{outcomeOf(job).short}</Badge>;
}

const HEIGHT = 14;

/** Draws the counts of a job as a bar that fits a table cell. */
export function MiniBar({ job: { jobId, counts, total } }: { job: JobSummary }) {
  if (total === 0) return null;
  let x = 0;
  const parts = STATES.filter(({ key }) => counts[key] > 0);
  const text = parts.map(({ key, word }) => `${formatNumber(counts[key])} ${word}`).join(", ");
  return (
    <svg class="mini" role="img" aria-label={`${jobId}: ${text}`} width="100%" height={HEIGHT}>
      {parts.map(({ key, word }) => {
        const width = (counts[key] / total) * 100;
        const at = { x: `${coordinate(x)}%`, y: 0, width: `${coordinate(width)}%`, height: HEIGHT };
        x += width;
        return (
          <Area key={key} {...at} look={STATUS_LOOKS[key]} tip={`${formatNumber(counts[key])} ${word}`} />
        );
      })}
    </svg>
  );
}

/** Lists looks for parts that have no meaning of their own, such as versions; the first one stands out most. */
export const NEUTRAL_LOOKS: readonly Look[] = [
  { tone: "run" },
  { tone: "off" },
  { tone: "run", texture: "hatch" },
  { tone: "off", texture: "hatch" },
  { tone: "plan" },
  { tone: "plan", texture: "hatch" },
];
