import { grouped } from "../grouped.js";
import { formatPackageVersion } from "../job/package-name.js";
import { rolloutFlags } from "../job/rollout-options.js";
import { bareUrl } from "../job/signed-url.js";
import { targetNameOf } from "../job/targets.js";
import {
  formatAgo,
  formatBytes,
  formatObject,
  formatPercent,
  formatRows,
  formatSeconds,
  formatSlots,
  formatTime,
} from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import type { Style } from "../terminal/paint.js";
import type { ShownImage, ShownJob, ShownPatch } from "./result.js";

type Row = [label: string, value: string];

/** Says how a shown job becomes text. */
export interface Screen extends Pick<Output, "paint" | "columns" | "fota"> {
  now: Date;
  /** True for absolute times. */
  utc: boolean;
}

const TARGETS_SHOWN_MAX = 5;
const LABEL_WIDTH = 15;
const OBJECT_STYLES: Readonly<Record<ShownImage["object"], Style>> = {
  matches: "green",
  unverified: "yellow",
  differs: "red",
  missing: "red",
  unknown: "yellow",
};

export function formatShownJob(job: ShownJob, screen: Screen): string {
  const { paint } = screen;
  const head = `job ${paint("bold", job.jobId)}  ${job.status}`;
  return `${head}\n\n${formatRows(rowsOfJob(job, screen), (label) => paint("dim", label))}`;
}

/** Returns everything about a job as labels and texts; an empty label continues the row above. */
export function rowsOfJob(job: ShownJob, screen: Screen): Row[] {
  const { paint } = screen;
  return [
    ...jobRows(job, screen),
    ...rolloutRows(job),
    ...documentRows(job, screen),
    ...grouped(job.images, withoutSlot).flatMap((images) => imageRows(images, job, screen)),
    ...signatureRows(job, screen),
    ...job.legacy.map((trap, i): Row => [i === 0 ? "legacy" : "", paint("yellow", trap)]),
  ];
}

function jobRows(job: ShownJob, screen: Screen): Row[] {
  const rows: Row[] = [];
  if (job.description !== undefined) rows.push(["description", job.description]);
  if (job.stage !== undefined) rows.push(["stage", stageText(job.stage)]);
  const names = job.targets.map((arn) => targetNameOf(arn, job.queries));
  const shown = names.slice(0, TARGETS_SHOWN_MAX);
  if (names.length > shown.length) shown.push(`and ${names.length - shown.length} more`);
  if (job.continuous) shown.push("and things that join later");
  rows.push(...shown.map((text, i): Row => [i === 0 ? "to" : "", text]));
  const { packageVersions = [] } = job;
  rows.push(...packageVersions.map((arn, i): Row => [i === 0 ? "package" : "", formatPackageVersion(arn)]));
  rows.push(["things", countsText(job)]);
  const times = { created: job.createdAt, changed: job.lastUpdatedAt, completed: job.completedAt };
  for (const [label, time] of Object.entries(times)) {
    if (time !== undefined) rows.push([label, timeText(time, screen)]);
  }
  const why = [job.reasonCode, job.comment].filter((text) => text !== undefined).join(": ");
  if (why !== "") rows.push(["reason", why]);
  if (job.forceCanceled) rows.push(["canceled", "with --force: also on things in progress"]);
  return rows;
}

function stageText({ rollout, stage, number, stages }: NonNullable<ShownJob["stage"]>): string {
  return `${number}/${stages} ${stage} of rollout ${rollout}`;
}

function countsText({ counts }: ShownJob): string {
  const words = Object.entries(counts).filter(([, count]) => count > 0);
  const spaced = (key: string) => key.replace(/[A-Z]/, (capital) => ` ${capital.toLowerCase()}`);
  return words.map(([key, count]) => `${count} ${spaced(key)}`).join(", ") || "no thing has it yet";
}

function rolloutRows({ rollout }: ShownJob): Row[] {
  return rolloutFlags(rollout).map((text, i) => [i === 0 ? "rollout" : "", text]);
}

function documentRows(job: ShownJob, screen: Screen): Row[] {
  const { paint } = screen;
  if (job.kind === "other") return [["document", "not a fota job: its document is of another kind"]];
  if (job.kind === "invalid") return [["document", paint("red", `devices refuse it: ${job.fault}`)]];
  const rows: Row[] = [
    ["document", `valid${job.fwVersion === undefined ? "" : `, version ${job.fwVersion}`}`],
  ];
  if (job.model !== undefined) rows.push(["model", job.model]);
  if (job.minVersion !== undefined) rows.push(["from", `version ${job.minVersion} on`]);
  if (job.endsAt !== undefined) {
    const over = Date.parse(job.endsAt) <= screen.now.getTime();
    const text = `${timeText(job.endsAt, screen)}${over ? ": devices no longer start it" : ""}`;
    rows.push(["job expires", over ? paint("red", text) : text]);
  }
  return rows;
}

/** Returns everything but the slot: an image that is the same for several slots is shown once. */
function withoutSlot({ slot: _slot, ...rest }: ShownImage): string {
  return JSON.stringify(rest);
}

function imageRows(images: readonly [ShownImage, ...ShownImage[]], job: ShownJob, screen: Screen): Row[] {
  const { paint, columns } = screen;
  const [image] = images;
  const { size, md5, sha256, bucket, key, object, because } = image;
  const rows: Row[] = [
    ["image", `${formatSlots(images)}, ${formatBytes(size)} (${size} bytes)`],
    ["md5", md5],
  ];
  if (sha256 !== undefined) rows.push(["sha256", sha256]);
  if (bucket !== null && key !== null) {
    rows.push(["object", formatObject({ bucket, key }, columns - LABEL_WIDTH)]);
  }
  rows.push(["in s3", paint(OBJECT_STYLES[object], OBJECT_TEXTS[object])]);
  if (because !== undefined) rows.push(["", because]);
  // If the object is known, its URL adds nothing.
  if (bucket === null) rows.push(["", bareUrl(image.url)]);
  return [
    ...rows,
    ...urlLines(image, job, screen).map((text, i): Row => [i === 0 ? "url" : "", text]),
    ...(image.patches ?? []).map((patch, i): Row => [i === 0 ? "patches" : "", patchText(patch, screen)]),
  ];
}

function patchText(patch: ShownPatch, { paint }: Screen): string {
  const { fromSha256, bytes, percent, object, expired } = patch;
  const what = fromSha256 === null ? "compressed" : `from ${fromSha256.slice(0, 12)}…`;
  const text = `${what}: ${formatBytes(bytes)}, ${formatPercent(percent)} of the image`;
  if (object === "missing" || object === "differs" || expired) {
    const why =
      object === "missing"
        ? "missing"
        : object === "differs"
          ? "replaced by another object"
          : "its URL has expired";
    return `${text}, ${paint("red", `${why}: devices download the image`)}`;
  }
  return `${text}, ${paint(OBJECT_STYLES[object], object === "unknown" ? "not checked" : "present")}`;
}

const OBJECT_TEXTS: Readonly<Record<ShownImage["object"], string>> = {
  matches: "present, size and digest match",
  unverified: "present, size matches",
  differs: "not the image of the job document",
  missing: "missing: devices cannot download it",
  unknown: "not checked",
};

function urlLines({ presign, expiresAt, expired }: ShownImage, job: ShownJob, screen: Screen): string[] {
  const { paint, fota, now, utc } = screen;
  if (presign === "iot")
    return [`AWS IoT presigns it when a device asks, with ${job.role ?? "an unknown role"}`];
  if (expiresAt === null) return ["not presigned: it works while the object is public"];
  if (!expired) {
    const left = formatSeconds((Date.parse(expiresAt) - now.getTime()) / 1000);
    const until = utc ? `until ${formatTime(expiresAt)}` : `for ${left} more`;
    return [
      `presigned, works ${until}`,
      paint("dim", "unless the credentials that signed it expire earlier"),
    ];
  }
  return [
    paint("red", `expired ${timeText(expiresAt, screen)}: devices that start now fail`),
    `${paint("cyan", fota("retry", job.jobId))} makes a fresh one`,
  ];
}

function signatureRows(job: ShownJob, screen: Screen): Row[] {
  const { kind, signatures } = job;
  const { paint } = screen;
  if (kind !== "order") return [];
  if (signatures.length === 0) return [["signed", "no: devices that trust keys refuse it"]];
  const rows = signatures.map(({ key, verified }, i): Row => {
    const state =
      verified === null
        ? paint("dim", "not checked (--key)")
        : verified
          ? paint("green", "verified")
          : paint("red", "not verified: signed with another key, or for another document");
    return [i === 0 ? "signed" : "", `by ${key}: ${state}`];
  });
  return [...rows, ...factRows(job, screen)];
}

/** Returns what devices with trusted keys check; the expiry stands with the document. */
function factRows({ signed, keySets = [] }: ShownJob, screen: Screen): Row[] {
  const { seq, things, allowsDowngrade, signedAt } = signed ?? { allowsDowngrade: false };
  const rows: Row[] = [];
  if (seq !== undefined) rows.push(["sequence", String(seq)]);
  if (things !== undefined) {
    const more = things.length > TARGETS_SHOWN_MAX ? ` and ${things.length - TARGETS_SHOWN_MAX} more` : "";
    rows.push(["only for", `${things.slice(0, TARGETS_SHOWN_MAX).join(", ")}${more}`]);
  }
  if (allowsDowngrade) rows.push(["downgrade", "allowed"]);
  if (signedAt !== undefined) rows.push(["signed at", timeText(signedAt, screen)]);
  if (keySets.length > 0) rows.push(["key sets", keySets.join(", ")]);
  return rows;
}

function timeText(iso: string, { now, utc }: Screen): string {
  return utc ? formatTime(iso) : formatAgo(new Date(iso), now);
}
