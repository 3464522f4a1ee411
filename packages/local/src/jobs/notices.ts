import { notifyNextTopic, notifyTopic } from "@fota/shared";
import type { OrderedDocument } from "./documents.js";
import { executionPayload, pendingSummaries, wholeSeconds } from "./payloads.js";
import { pendingView, visibleExecutions } from "./pending-queue.js";
import type { CommandContext, PendingView } from "./world.js";

/** A message that Jobs publishes by itself. */
export interface Notice {
  topic: string;
  /** The JSON text as it goes on the wire. */
  payload: string;
}

/**
 * What a command has to announce when it is done: `notify` to a thing whose set of pending executions gained or lost
 * one, `notifyNext` where another execution, or none, is at the head now. Changes within an execution announce nothing.
 * Source: AWS IoT Developer Guide, "Jobs notifications".
 */
export function noticesOf(
  turn: CommandContext,
  documentToSend: (ordered: OrderedDocument) => string,
): Notice[] {
  const notices: Notice[] = [];
  for (const [thingName, before] of turn.before) {
    const after = pendingView(turn.world, thingName);
    if (!sameMembers(before, after)) notices.push(notify(turn, thingName));
    if (before[0] !== after[0]) notices.push(notifyNext(turn, thingName, documentToSend));
  }
  return notices;
}

function notify(turn: CommandContext, thingName: string): Notice {
  const { inProgressJobs, queuedJobs } = pendingSummaries(turn.world, thingName);
  const jobs = {
    ...(inProgressJobs.length > 0 && { IN_PROGRESS: inProgressJobs }),
    ...(queuedJobs.length > 0 && { QUEUED: queuedJobs }),
  };
  return {
    topic: notifyTopic(thingName),
    payload: JSON.stringify({ timestamp: wholeSeconds(turn.nowMs), jobs }),
  };
}

function notifyNext(
  turn: CommandContext,
  thingName: string,
  documentToSend: (ordered: OrderedDocument) => string,
): Notice {
  const head = visibleExecutions(turn.world, thingName)[0];
  const job = head && turn.world.jobs.get(head.jobId);
  const execution = head && executionPayload(head, turn.nowMs, job && JSON.parse(documentToSend(job)));
  const payload = JSON.stringify({ timestamp: wholeSeconds(turn.nowMs), ...(execution && { execution }) });
  return { topic: notifyNextTopic(thingName), payload };
}

function sameMembers(a: PendingView, b: PendingView): boolean {
  return a.length === b.length && a.every((sequence) => b.includes(sequence));
}
