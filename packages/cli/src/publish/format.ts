import { formatBytes, formatRows, formatSeconds, formatTime } from "../format.js";
import type { Paint } from "../paint.js";
import type { Plan } from "./plan.js";
import type { Published, PublishOutcome } from "./publish.js";

const TARGETS_SHOWN_MAX = 10;

export function formatOutcome(
  plan: Plan,
  outcome: PublishOutcome,
  paint: Paint,
  statusCommand: string,
): string {
  const { published, created } = outcome;
  const head = created
    ? `${paint("green", "✔")} job ${paint("bold", published.jobId)} created`
    : `${paint("green", "✔")} job ${paint("bold", published.jobId)} exists already: the same image, targets and options`;
  return `${head}\n\n${details(plan, published, paint)}\n\nnext: ${paint("cyan", statusCommand)}`;
}

export function formatPlan(plan: Plan, published: Published, paint: Paint): string {
  const head =
    plan.existing === undefined
      ? `would create job ${paint("bold", published.jobId)}`
      : `job ${paint("bold", published.jobId)} exists already: nothing would be done`;
  const document = JSON.stringify(
    { ...plan.document, bc_url: `${plan.document.bc_url.split("?")[0]}?...` },
    null,
    2,
  );
  return `${head}\n\n${details(plan, published, paint)}\n\n${document}\n\nnothing was changed (--dry-run)`;
}

function details(plan: Plan, published: Published, paint: Paint): string {
  const { order, image, object } = plan;
  const [{ expiresAt } = { expiresAt: "" }] = published.images;
  const secondsLeft = (Date.parse(expiresAt) - Date.now()) / 1000;
  const version = order.fwVersion === undefined ? "" : `, version ${order.fwVersion}`;
  const until =
    secondsLeft > 0 ? `works until ${formatTime(expiresAt)} (${formatSeconds(secondsLeft)})` : "has expired";
  return formatRows(
    [
      [
        "image",
        `${image.name}, ${formatBytes(image.sizeBytes)} (${image.sizeBytes} bytes), slot ${order.slot}${version}`,
      ],
      ...targetRows(plan),
      ["md5", image.md5],
      ["sha256", image.sha256],
      ["object", `s3://${object.bucket}/${object.key}`],
      ["url", until],
    ],
    (label) => paint("dim", label),
  );
}

function targetRows({ order }: Plan): [string, string][] {
  const shown = order.targets.slice(0, TARGETS_SHOWN_MAX).map(({ text }) => text);
  const more = order.targets.length - shown.length;
  const lines = more > 0 ? [...shown, `and ${more} more`] : shown;
  return lines.map((text, i) => [i === 0 ? "to" : "", text]);
}
