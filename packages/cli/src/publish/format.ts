import { addressOf, byObject } from "../aws/image-object.js";
import { formatPackageVersion } from "../job/package-name.js";
import { isOpen } from "../job/reach.js";
import type { Rollout } from "../job/rollout.js";
import { bareUrl } from "../job/signed-url.js";
import { formatTargets } from "../job/targets.js";
import { signatureText } from "../signing/signature-text.js";
import { formatBytes, formatPercent, formatSeconds, formatSlots, formatTime } from "../terminal/format.js";
import type { Paint } from "../terminal/paint.js";
import { toJson } from "../terminal/text.js";
import { formatWrappedRows } from "../terminal/wrap.js";
import { wallClockMs } from "../wall-clock.js";
import { OFFERED_PERCENT_MAX, type PatchFacts, percentOf, savedBytesOf } from "./patches.js";
import type { Plan } from "./plan.js";
import type { PublishOutcome } from "./publish.js";
import type { Cost, Published } from "./result.js";

const LABEL_WIDTH = 12;

type Row = [label: string, value: string];

interface Screen {
  paint: Paint;
  columns: number;
}

export function formatOutcome(plan: Plan, { published, created }: PublishOutcome, screen: Screen): string {
  const { paint } = screen;
  const head = created
    ? `${paint("green", "✔")} job ${paint("bold", published.jobId)} created`
    : `${paint("green", "✔")} job ${paint("bold", published.jobId)} ${existsText(plan)}: nothing to do`;
  return `${head}\n\n${rows([...imageRows(plan, screen), ...patchRows(plan), ...packageRows(plan), ...targetRows(plan), ...signatureRows(plan, published), urlRow(plan, published)], screen)}`;
}

function existsText({ existing }: Plan): string {
  return existing?.ended === true ? "exists already and has ended" : "exists already";
}

/** Formats what the publish would do beyond the result: uploads, rollout, cost and the document. */
export function formatPlan(plan: Plan, published: Published, cost: Cost, screen: Screen): string {
  const { paint } = screen;
  const head =
    plan.existing === undefined
      ? `would create job ${paint("bold", published.jobId)}`
      : `job ${paint("bold", published.jobId)} ${existsText(plan)}: nothing would be done`;
  const all = [
    ...imageRows(plan, screen),
    ...patchRows(plan),
    ...packageRows(plan),
    ...targetRows(plan),
    ...groupRows(plan),
    ...signatureRows(plan, published),
    urlRow(plan, published),
    ...rolloutRows(plan),
    ...costRows(cost),
  ];
  return `${head}\n\n${rows(all, screen)}`;
}

/** Formats the document as devices receive it, with its URLs without their signatures. */
export function formatDocument({ document }: Published): string {
  const bare = (key: string, value: unknown) =>
    (key === "bc_url" || key === "url") && typeof value === "string" ? bareUrl(value) : value;
  return toJson(document, 2, bare);
}

function rows(all: readonly Row[], { paint, columns }: Screen): string {
  return formatWrappedRows(all, (label) => paint("dim", label), columns);
}

function imageRows({ images, spec }: Plan, { columns }: Screen): Row[] {
  const version = spec.fwVersion === undefined ? "" : `, version ${spec.fwVersion}`;
  return byObject(images).flatMap((group): Row[] => {
    const [{ image, object, isThere }] = group;
    const { name, sizeBytes, md5, sha256 } = image;
    const where = `${addressOf(object)}${isThere ? " (there already)" : ""}`;
    const fits = where.length <= columns - LABEL_WIDTH;
    return [
      ["image", `${name}, ${formatBytes(sizeBytes)} (${sizeBytes} bytes), ${formatSlots(group)}${version}`],
      ["md5", md5],
      ["sha256", sha256],
      ["object", fits ? where : where.replace(sha256, `${sha256.slice(0, 12)}…`)],
    ];
  });
}

/** Returns what a device downloads, by the image that it has. */
function patchRows({ patches: { offered, tooLarge, looked }, images }: Plan): Row[] {
  const severalImages = byObject(images).length > 1;
  const text = (patch: PatchFacts): string => {
    const { from, slots, bytes } = patch;
    const count = from?.things === undefined ? "" : ` (${things(from.things)})`;
    const what = from === undefined ? "compressed" : `from ${from.name}${count}`;
    const where = severalImages ? `, ${formatSlots(slots.map((slot) => ({ slot })))}` : "";
    return `${what}${where}: ${formatBytes(bytes)}, ${formatPercent(percentOf(patch))} of the image`;
  };
  const lines = [
    ...offered.map(text),
    ...tooLarge.map((patch) => `${text(patch)}: above ${OFFERED_PERCENT_MAX} %, not offered`),
  ];
  const rows = lines.map((line, i): Row => [i === 0 ? "patches" : "", line]);
  if (looked === undefined) return rows;
  const { jobsRead, known, more } = looked;
  const saved = formatBytes(savedBytesOf(offered));
  const jobs = jobsRead === 1 ? "1 job" : `${jobsRead} jobs`;
  const source = more ? `the newest ${jobs}, not from older ones` : jobs;
  return [
    ...rows,
    ["saves", saved],
    ["", `the image is known of ${known} of ${things(looked.things)}, from ${source}`],
  ];
}

function packageRows({ packages: { arns, version }, existing }: Plan): Row[] {
  return arns.map((arn, i): Row => {
    const how = version === undefined || existing !== undefined ? "" : PACKAGE_TEXTS[version.found];
    return [i === 0 ? "package" : "", `${formatPackageVersion(arn)}${how}`];
  });
}

const PACKAGE_TEXTS = {
  nothing: " (both are new)",
  package: " (the version is new)",
  draft: " (published with this job)",
  version: " (there already)",
} as const;

function targetRows({ spec, reach }: Plan): Row[] {
  const lines = formatTargets(spec.targets);
  if (spec.targets.some(({ kind }) => kind === "group")) {
    lines.push(reach.unknown === undefined ? things(reach.things.length) : "an unknown number of things");
  }
  if (isOpen(spec)) lines.push("and things that join later");
  return lines.map((text, i) => [i === 0 ? "to" : "", text]);
}

function groupRows({ group, queryGroups }: Plan): Row[] {
  if (group === undefined) {
    return queryGroups.map(
      ({ name, exists }, i): Row => [
        i === 0 ? "group" : "",
        exists ? `${name}, as it is` : `${name}: create it as the dynamic group of the query`,
      ],
    );
  }
  const { name, missing } = group;
  return [
    [
      "group",
      missing.length === 0
        ? `${name}, as it is`
        : `${name}: create it and put ${things(missing.length)} into it`,
    ],
  ];
}

function signatureRows({ signers }: Plan, { document }: Published): Row[] {
  const text = signatureText(
    document,
    signers.map(({ id }) => id),
  );
  return text === undefined ? [] : [["signed", text]];
}

function urlRow({ spec, roleArn, expiresInSeconds }: Plan, { images: [image] }: Published): Row {
  if (spec.presign.by === "iot") {
    return ["url", `AWS IoT presigns it for ${formatSeconds(expiresInSeconds)} each time, as ${roleArn}`];
  }
  const expiresAt = image?.expiresAt ?? "";
  const secondsLeft = (Date.parse(expiresAt) - wallClockMs()) / 1000;
  const until =
    secondsLeft > 0 ? `works until ${formatTime(expiresAt)} (${formatSeconds(secondsLeft)})` : "has expired";
  return ["url", until];
}

function rolloutRows({ spec, rolloutTime, reach }: Plan): Row[] {
  const { rollout, schedule } = spec;
  const lines: Row[] = [];
  if (schedule.start !== undefined) lines.push(["starts", formatTime(schedule.start.toISOString())]);
  lines.push(["rate", formatRate(rollout)]);
  const { lastStartSeconds } = rolloutTime;
  if (lastStartSeconds !== undefined && reach.unknown === undefined) {
    lines.push([
      "last start",
      lastStartSeconds === 0 ? "at once" : `after ${formatSeconds(lastStartSeconds)} at the latest`,
    ]);
  }
  for (const { cron, minutes } of schedule.windows)
    lines.push(["window", `${cron}, open for ${minutes} min`]);
  for (const { failure, percent, minThings } of rollout.abortOn) {
    lines.push(["aborts", `when ${percent} % are ${failure} after ${things(minThings)}`]);
  }
  if (rollout.timeoutMinutes !== undefined)
    lines.push(["timeout", `${rollout.timeoutMinutes} min for each thing`]);
  for (const { failure, count } of rollout.retries) lines.push(["retries", `${count} after ${failure}`]);
  if (schedule.end !== undefined) {
    lines.push([
      "ends",
      `${formatTime(schedule.end.toISOString())}, ${schedule.endBehavior ?? "STOP_ROLLOUT"}`,
    ]);
  }
  return lines;
}

function formatRate({ ratePerMinute, ramp }: Rollout): string {
  if (ramp === undefined)
    return ratePerMinute === undefined ? "all at once (AWS: 1000 a minute)" : `${ratePerMinute} a minute`;
  const highest = ratePerMinute === undefined ? "" : `, at most ${ratePerMinute}`;
  return `${ramp.basePerMinute} a minute, times ${ramp.factor} after each ${ramp.every} ${ramp.of}${highest}`;
}

function costRows({ jobActions, transferBytes, currency, jobActionsPrice, transferPrice }: Cost): Row[] {
  const priced = (price: number | null) => (price === null ? "" : `, ${price.toFixed(2)} ${currency}`);
  return [
    ["at most", `${jobActions} job ${jobActions === 1 ? "action" : "actions"}${priced(jobActionsPrice)}`],
    ["", `${formatBytes(transferBytes)} to download${priced(transferPrice)}`],
  ];
}

function things(count: number): string {
  return count === 1 ? "1 thing" : `${count} things`;
}
