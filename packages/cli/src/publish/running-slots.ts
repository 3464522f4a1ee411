import {
  decodeStatusDetails,
  imagesOf,
  isFotaError,
  isTerminal,
  type JobDocument,
  LIST_PAGE_MAX,
} from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { describeExecution, type ExecutionOfThing, listExecutionsOfThing } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { imageFinder } from "../job/image-finder.js";

/**
 * Each thing takes two or three of the ten requests that AWS allows per second; in a fleet, a few show a wrong slot.
 */
const LOOKED_AT_MAX = 10;
const NAMED_MAX = 3;
const LIST_FORMAT = new Intl.ListFormat("en");

/**
 * Returns a warning when things last reported that they run from the only slot that a document has an image for: they
 * will refuse it. Reads the first few things. Skips things with jobs in progress, which may change their slot, and
 * things that already run the image, which report success. A report that cannot be read gives no warning, because
 * publishing works without it.
 */
export async function runningSlotWarnings(
  iot: Iot,
  document: JobDocument,
  things: readonly string[],
): Promise<string[]> {
  const [image, ...others] = imagesOf(document);
  if (image === undefined || others.length > 0) return [];
  const looked = things.slice(0, LOOKED_AT_MAX);
  const hasImage = imageFinder(iot, document);
  const refuses = await mapAtOnce(looked, REQUESTS_AT_ONCE, async (thing) => {
    try {
      const ended = await endedExecutions(iot, thing);
      if ((await reportedSlot(iot, thing, ended[0])) !== image.bc_idx) return false;
      // The running image came with the last success: a device accepts an image that it runs already, whatever its
      // slot.
      const installed = ended.find(({ status }) => status === "SUCCEEDED");
      return installed === undefined || !(await hasImage(installed.jobId));
    } catch (error) {
      if (isFotaError(error, "INTERRUPTED") || !isFotaError(error)) throw error;
      return false;
    }
  });
  const refusing = looked.filter((_thing, index) => refuses[index]);
  return refusing.length === 0 ? [] : [warningOf(refusing, image.bc_idx)];
}

function warningOf(things: readonly string[], slot: number): string {
  const named = things.slice(0, NAMED_MAX);
  const more = things.length - named.length;
  const names = LIST_FORMAT.format(more === 0 ? named : [...named, `${more} more`]);
  const reports =
    things.length === 1
      ? `reports that it runs slot ${slot} and will refuse this image`
      : `report that they run slot ${slot} and will refuse this image`;
  return `${names} ${reports}: publish the image for the other slot, or with --slot any if it is the same for every slot`;
}

/** Returns the slot that a thing runs from, as it reported with this execution; `undefined` when not known. */
async function reportedSlot(iot: Iot, thing: string, last: ExecutionOfThing | undefined) {
  if (last === undefined) return undefined;
  const found = await describeExecution(iot, last.jobId, thing, last.executionNumber);
  // The text is "1.4.0, slot 1", or "slot 1" if the device reports no version.
  const slot = /(?:^|, )slot (\d+)$/.exec(decodeStatusDetails(found?.details).running ?? "")?.[1];
  return slot === undefined ? undefined : Number(slot);
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
