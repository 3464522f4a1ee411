import { oneLine } from "../terminal/format.js";
import type { Paint } from "../terminal/paint.js";
import type { ThingDeletePlan } from "./delete.js";
import type { ThingDeletion } from "./result.js";

/** Formats the question: what is deleted, what is kept and why, and the effect on jobs. */
export function questionOf({ thingName, pendingJobs, certificates }: ThingDeletePlan): string {
  const jobs =
    pendingJobs.length === 0
      ? []
      : [`${pendingJobs.length === 1 ? "1 pending job" : `${pendingJobs.length} pending jobs`} will not run`];
  const fates = certificates.map(({ id, keep }) =>
    keep === undefined
      ? `certificate ${id} is deleted, and its device cannot connect again`
      : `certificate ${id} is kept: ${keep}`,
  );
  return [...jobs, ...fates, `delete thing ${thingName}?`].join("\n");
}

export function formatThingDeletion(
  { thingName, certificates, policies, otherPrincipals }: ThingDeletion,
  paint: Paint,
): string {
  const fates = [
    ...certificates.map(({ id, ...fate }) => ({ what: `certificate ${id}`, ...fate })),
    ...policies.map(({ name, ...fate }) => ({ what: `policy ${name}`, ...fate })),
  ];
  const lines = fates.map(({ what, deleted, because = "" }) =>
    deleted ? `  deleted   ${what}` : `  kept      ${what}: ${oneLine(because)}`,
  );
  const detached = otherPrincipals.map((arn) => `  detached  ${oneLine(arn)}`);
  return [`${paint("green", "✔")} thing ${paint("bold", thingName)} deleted`, ...lines, ...detached].join(
    "\n",
  );
}
