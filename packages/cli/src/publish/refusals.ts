import {
  compareVersions,
  decodeStatusDetails,
  isFotaError,
  isTerminal,
  type JobDocument,
  LIST_PAGE_MAX,
} from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { describeExecution, type ExecutionOfThing, listExecutionsOfThing } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { grouped } from "../grouped.js";
import { imageFinder } from "../job/image-finder.js";

/**
 * Each thing takes two or three of the ten requests that AWS allows per second; in a fleet, a few show a wrong slot.
 */
const LOOKED_AT_MAX = 10;
const NAMED_MAX = 3;
const LIST_FORMAT = new Intl.ListFormat("en");

/** What a thing said with its last report. */
interface LastReport {
  /** The slot and the version that it runs, where it stated them. */
  slot: number | undefined;
  version: string | undefined;
  /** The cause of the last failure, and what the thing expected instead. */
  reason: string | undefined;
  expected: string | undefined;
}

/** Why things will refuse a document, for one warning: `what` follows their names, `advice` says what helps. */
interface Refusal {
  what: (isOne: boolean) => string;
  advice: string;
}

/**
 * Returns a warning for each reason for which things, by their last reports, will refuse a document: they run the only
 * slot that it has an image for, or a version below `bc_min`; and what only devices with trusted keys refuse: a version
 * below the running one, a sequence number that has passed, no signature. Reads the first few things, and asks nothing
 * about a document that no report can speak against. Skips things with jobs in progress, which may change what they
 * run, and things that already run the image, which report success. A report that cannot be read gives no warning,
 * because publishing works without it.
 */
export async function refusalWarnings(
  iot: Iot,
  document: JobDocument,
  things: readonly string[],
): Promise<string[]> {
  const isForOneSlot = document.bc_alt === undefined;
  if (!isForOneSlot && document.bc_sig === undefined && document.bc_min === undefined) return [];
  const looked = things.slice(0, LOOKED_AT_MAX);
  const imageOf = imageFinder(iot, document);
  const refusals = await mapAtOnce(looked, REQUESTS_AT_ONCE, async (thing) => {
    try {
      const ended = await endedExecutions(iot, thing);
      const report = await lastReport(iot, thing, ended[0]);
      const refusal = report && refusalOf(document, report);
      if (refusal === undefined) return undefined;
      // The running image came with the last success: a device accepts an image that it runs already, whatever its
      // slot.
      const installed = ended.find(({ status }) => status === "SUCCEEDED");
      const isInstalled = installed !== undefined && (await imageOf(installed.jobId)) === "same";
      return isInstalled ? undefined : { thing, refusal };
    } catch (error) {
      if (isFotaError(error, "INTERRUPTED") || !isFotaError(error)) throw error;
      return undefined;
    }
  });
  const found = refusals.filter((each) => each !== undefined);
  return grouped(found, ({ refusal }) => refusal.what(true)).map(([first, ...others]) =>
    warningOf(
      first.refusal,
      [first, ...others].map(({ thing }) => thing),
    ),
  );
}

function warningOf({ what, advice }: Refusal, things: readonly string[]): string {
  const named = things.slice(0, NAMED_MAX);
  const more = things.length - named.length;
  const names = LIST_FORMAT.format(more === 0 ? named : [...named, `${more} more`]);
  return `${names} ${what(things.length === 1)}: ${advice}`;
}

function refusalOf(document: JobDocument, report: LastReport): Refusal | undefined {
  const { bc_idx, bc_alt, bc_min, bc_version, bc_sig, bc_down, bc_seq = 0 } = document;
  const { slot, version, reason, expected } = report;
  if (bc_alt === undefined && slot === bc_idx) {
    const what = (isOne: boolean) =>
      isOne
        ? `reports that it runs slot ${slot} and will refuse this image`
        : `report that they run slot ${slot} and will refuse this image`;
    const advice =
      "publish the image for the other slot, or with --slot any if it is the same for every slot";
    return { what, advice };
  }
  if (bc_min !== undefined && isBelow(version, bc_min)) {
    const advice = "publish a version in between first";
    return { what: running(`below ${bc_min}, and will refuse this update`, version), advice };
  }
  const least = /^at least (\d+)$/.exec(expected ?? "")?.[1];
  if (
    bc_sig !== undefined &&
    reason === "sequence-refused" &&
    least !== undefined &&
    bc_seq < Number(least)
  ) {
    const what = (isOne: boolean) =>
      `refused the last document and ${isOne ? "accepts" : "accept"} none with a sequence number below ${least}`;
    return { what, advice: `sign with --seq ${least} or more` };
  }
  if (bc_sig !== undefined && bc_down !== true && isBelow(bc_version, version)) {
    const what = running(`above ${bc_version}, and will refuse it if built with trusted keys`, version);
    return { what, advice: "sign with --allow-downgrade to go back on purpose" };
  }
  if (bc_sig === undefined && reason === "signature-invalid") {
    const what = () => "refused the last document for its signature, and this one has none";
    return { what, advice: "publish with --sign" };
  }
  return undefined;
}

function running(than: string, version: string | undefined): Refusal["what"] {
  return (isOne) => `${isOne ? "reports that it runs" : "report that they run"} ${version}, which is ${than}`;
}

/** Tells whether both versions are known and comparable, and the first is lower. */
function isBelow(version: string | undefined, other: string | undefined): boolean {
  if (version === undefined || other === undefined) return false;
  const comparison = compareVersions(version, other);
  return comparison !== undefined && comparison < 0;
}

/** Returns what a thing reported with this execution; `undefined` if there is none. */
async function lastReport(
  iot: Iot,
  thing: string,
  last: ExecutionOfThing | undefined,
): Promise<LastReport | undefined> {
  if (last === undefined) return undefined;
  const found = await describeExecution(iot, last.jobId, thing, last.executionNumber);
  const { running: runs = "", reason, expected } = decodeStatusDetails(found?.details);
  // The text is "1.4.0, slot 1", or "slot 1" if the device reports no version.
  const [, version, slot] = /^(?:(.+), )?slot (\d+)$/.exec(runs) ?? [];
  return { slot: slot === undefined ? undefined : Number(slot), version, reason, expected };
}

/** Returns the ended executions of a thing on one page, the last one first; none if its queue has more to do. */
async function endedExecutions(iot: Iot, thing: string): Promise<ExecutionOfThing[]> {
  const ended: ExecutionOfThing[] = [];
  let read = 0;
  for await (const execution of listExecutionsOfThing(iot, thing)) {
    read += 1;
    if (!isTerminal(execution.status)) return [];
    // A canceled or removed execution says nothing about what the device runs.
    if (execution.status !== "CANCELED" && execution.status !== "REMOVED") ended.push(execution);
    if (read === LIST_PAGE_MAX) break;
  }
  return ended.sort((a, b) => timeOf(b) - timeOf(a));
}

function timeOf({ lastUpdatedAt }: ExecutionOfThing): number {
  return lastUpdatedAt?.getTime() ?? 0;
}
