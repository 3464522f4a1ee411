import { notifyNextTopic, notifyTopic } from "@fota/shared";
import type { UnfilledDocument } from "./documents.js";
import type { Execution } from "./job.js";
import { executionPayload, pendingSummaries, wholeSeconds } from "./payloads.js";
import { isVisible, nextExecution } from "./pending-queue.js";
import type { CommandContext } from "./world.js";

/** A message that Jobs publishes without a request. */
export interface Notice {
  topic: string;
  /** JSON text. */
  payload: string;
}

/** What `collectNotices` asks the caller. */
export interface NoticeOptions {
  /** Whether anybody gets a message on `topic`: the others are not composed. */
  isHeard: (topic: string) => boolean;
  /** Returns the document as a device gets it. */
  documentToSend: (unfilled: UnfilledDocument) => string;
}

/**
 * Returns the notifications that a command causes, on topics that somebody hears: `notify` if a thing's set of pending executions changed, `notifyNext`
 * if the head of its queue changed. A change inside one execution causes none. Source: AWS IoT Developer Guide, "Jobs
 * notifications".
 */
export function collectNotices(
  context: CommandContext,
  { isHeard, documentToSend }: NoticeOptions,
): Notice[] {
  const { world } = context;
  const notices: Notice[] = [];
  for (const [thingName, { next, wasVisible }] of context.before) {
    if (isHeard(notifyTopic(thingName))) {
      const hasOtherMembers = [...wasVisible].some(([execution, was]) => isVisible(world, execution) !== was);
      if (hasOtherMembers) notices.push(notify(context, thingName));
    }
    if (isHeard(notifyNextTopic(thingName))) {
      const head = nextExecution(world, thingName);
      if (next !== head?.sequence) notices.push(notifyNext(context, thingName, head, documentToSend));
    }
  }
  return notices;
}

function notify(context: CommandContext, thingName: string): Notice {
  const { inProgressJobs, queuedJobs } = pendingSummaries(context.world, thingName);
  const jobs = {
    ...(inProgressJobs.length > 0 && { IN_PROGRESS: inProgressJobs }),
    ...(queuedJobs.length > 0 && { QUEUED: queuedJobs }),
  };
  return {
    topic: notifyTopic(thingName),
    payload: JSON.stringify({ timestamp: wholeSeconds(context.nowMs), jobs }),
  };
}

function notifyNext(
  context: CommandContext,
  thingName: string,
  head: Execution | undefined,
  documentToSend: (unfilled: UnfilledDocument) => string,
): Notice {
  const job = head && context.world.jobs.get(head.jobId);
  const execution = head && executionPayload(head, context.nowMs, job && JSON.parse(documentToSend(job)));
  const payload = JSON.stringify({ timestamp: wholeSeconds(context.nowMs), ...(execution && { execution }) });
  return { topic: notifyNextTopic(thingName), payload };
}
