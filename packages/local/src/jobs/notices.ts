import { notifyNextTopic, notifyTopic } from "@fota/shared";
import type { UnfilledDocument } from "./documents.js";
import { executionPayload, pendingSummaries, wholeSeconds } from "./payloads.js";
import { pendingView, visibleExecutions } from "./pending-queue.js";
import type { CommandContext, PendingView } from "./world.js";

/** A message that Jobs publishes without a request. */
export interface Notice {
  topic: string;
  /** JSON text. */
  payload: string;
}

/**
 * Returns the notifications that a command causes: `notify` if a thing's set of pending executions changed, `notifyNext`
 * if the head of its queue changed. A change inside one execution causes none. Source: AWS IoT Developer Guide, "Jobs
 * notifications".
 */
export function collectNotices(
  context: CommandContext,
  documentToSend: (unfilled: UnfilledDocument) => string,
): Notice[] {
  const notices: Notice[] = [];
  for (const [thingName, before] of context.before) {
    const after = pendingView(context.world, thingName);
    if (!sameMembers(before, after)) notices.push(notify(context, thingName));
    if (before[0] !== after[0]) notices.push(notifyNext(context, thingName, documentToSend));
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
  documentToSend: (unfilled: UnfilledDocument) => string,
): Notice {
  const head = visibleExecutions(context.world, thingName)[0];
  const job = head && context.world.jobs.get(head.jobId);
  const execution = head && executionPayload(head, context.nowMs, job && JSON.parse(documentToSend(job)));
  const payload = JSON.stringify({ timestamp: wholeSeconds(context.nowMs), ...(execution && { execution }) });
  return { topic: notifyNextTopic(thingName), payload };
}

function sameMembers(a: PendingView, b: PendingView): boolean {
  return a.length === b.length && a.every((sequence) => b.includes(sequence));
}
