import type { Advice } from "@fota/shared";
import { causeName } from "../causes/cause-table.js";
import { listsAllThings, remediesOf, retryStep } from "../causes/next-steps.js";
import { grouped } from "../grouped.js";
import type { PublishNeeds } from "../image/publish-command.js";
import { failureCount } from "./causes.js";
import type { FailureCause, JobSummary, ThingSummary } from "./result.js";

const REMEDIES_MAX = 2;

/** Returns the commands to suggest for a job: what fixes its causes, what explains them, and a retry if it can help. */
export function nextSteps(
  { jobId, counts, total, status, causes = [], causesRead }: JobSummary,
  publish: PublishNeeds,
): Advice[] {
  const failures = failureCount(counts);
  const isSample = causesRead !== undefined && causesRead < failures;
  const isOver = status === "CANCELED" || counts.queued + counts.inProgress === 0;
  const retry = isOver ? retryStep({ jobId, counts }, causes) : undefined;
  return [
    ...(isSample || !causes.every(listsAllThings) ? [listStep(jobId, failures, causes)] : []),
    ...remediesOf({ jobId, publish, isSample }, causes).slice(0, REMEDIES_MAX),
    ...(failures === 0 ? [] : [whyStep(jobId, failures, causes[0]?.things[0])]),
    ...(status === "COMPLETED" && total === 0
      ? [{ command: ["why", jobId], text: "explains why no thing got it" }]
      : []),
    ...(retry === undefined ? [] : [retry]),
  ];
}

/** Returns the commands to suggest for one thing of a job. */
export function nextStepsOfThing(jobId: string, thing: ThingSummary, publish: PublishNeeds): Advice[] {
  if (thing.status === "SUCCEEDED") return [];
  const why = { command: ["why", jobId, "--thing", thing.thing], text: `explains why it is ${thing.status}` };
  return [...remediesOf({ jobId, publish }, [{ ...thing, count: 1, things: [thing.thing] }]), why];
}

/** Lists the failures, and says how many have the most frequent cause. */
function listStep(jobId: string, failures: number, causes: readonly FailureCause[]): Advice {
  const read = causes.reduce((sum, { count }) => sum + count, 0);
  const alike = grouped(causes, nameOf).map((group) => ({
    name: nameOf(group[0]),
    count: group.reduce((sum, { count }) => sum + count, 0),
  }));
  const [top] = alike.sort((a, b) => b.count - a.count);
  const most = top === undefined ? "" : `; ${topShare(top, read, failures)} ${top.name}`;
  return { command: ["status", jobId, "--failed"], text: `lists all ${failures} failures${most}` };
}

/** Says how many failures have the most frequent cause, of those whose cause was read. */
function topShare({ count }: Pick<FailureCause, "count">, read: number, failures: number): string {
  if (count === failures) return "all have";
  const have = `${count} ${count === 1 ? "has" : "have"}`;
  return read < failures ? `of ${read} whose cause was read, ${have}` : have;
}

function nameOf({ reason, phase }: FailureCause): string {
  if (reason !== null) return causeName(reason);
  return phase === undefined ? "no cause" : `no cause, in phase ${phase}`;
}

function whyStep(jobId: string, failures: number, thing: string | undefined): Advice {
  return failures === 1 && thing !== undefined
    ? { command: ["why", jobId, "--thing", thing], text: `explains why ${thing} did not succeed` }
    : { command: ["why", jobId], text: "explains the causes and what to do" };
}
