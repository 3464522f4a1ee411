import { isDeepStrictEqual } from "node:util";
import { FotaError } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { deactivateCertificate, deleteCertificate } from "../aws/certificates.js";
import { DEVICE_POLICY_NAME, devicePolicies } from "../aws/device-policy.js";
import { listPendingJobIds } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { deletePolicy, detachPolicy, findPolicyDocument, listTargetsOf } from "../aws/policies.js";
import { detachPrincipal, listThingsOf } from "../aws/principals.js";
import { suggestThings } from "../aws/target-arn.js";
import { deleteThing, describeThing } from "../aws/things.js";
import { eventually } from "./eventually.js";
import { readPrincipals, type ThingPrincipals } from "./principals.js";
import type { ThingDeletion } from "./result.js";

/** What a deletion would do, for the question that comes first. */
export interface ThingDeletePlan {
  thingName: string;
  thingArn: string;
  pendingJobs: string[];
  certificates: PlannedCertificate[];
  otherPrincipals: string[];
}

interface PlannedCertificate extends Omit<ThingPrincipals["certificates"][number], "expiresAt"> {
  /** Why it is kept; `undefined` if it is to be deleted. */
  keep: string | undefined;
}

const PENDING_SHOWN_MAX = 5;

/** @throws {FotaError} THING_NOT_FOUND, with near names; JOB_NOT_ENDED; translated AWS errors */
export async function planDelete(iot: Iot, thingName: string, force: boolean): Promise<ThingDeletePlan> {
  const { arn } = await describeThing(iot, thingName).catch(suggestThings(iot, thingName));
  const pendingJobs = await listPendingJobIds(iot, thingName);
  const [pending] = pendingJobs;
  if (pending !== undefined && !force) throw stillPending(thingName, pending, pendingJobs);
  const { certificates, others } = await readPrincipals(iot, thingName);
  const planned = await mapAtOnce(certificates, REQUESTS_AT_ONCE, async (certificate) => {
    const [other, ...more] = (await listThingsOf(iot, certificate.arn)).filter((name) => name !== thingName);
    const andMore = more.length === 0 ? "" : ` and ${more.length} more`;
    return { ...certificate, keep: other && `it is also the certificate of thing ${other}${andMore}` };
  });
  return { thingName, thingArn: arn, pendingJobs, certificates: planned, otherPrincipals: others };
}

function stillPending(thing: string, first: string, jobIds: readonly string[]): FotaError {
  const jobs = jobIds.length === 1 ? `job ${first} is` : `jobs ${namesOf(jobIds)} are`;
  const text =
    jobIds.length === 1
      ? "wait for it, run <command> first, or give --force to delete the thing all the same"
      : "wait for them, run <command> and the same for each other job first, or give --force to delete the thing all the same";
  return new FotaError("JOB_NOT_ENDED", `${jobs} pending on thing ${thing}`, {
    hint: { text, command: ["cancel", first, "--thing", thing] },
  });
}

function namesOf(jobIds: readonly string[]): string {
  const shown = jobIds.slice(0, PENDING_SHOWN_MAX);
  const more = jobIds.length - shown.length;
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/**
 * Deletes a thing and what only it uses. The thing is deleted last, so that after an interruption, the next run finds
 * what is left to do.
 * @throws {FotaError} AWS_ERROR, and other translated AWS errors
 */
export async function executeDelete(
  iot: Iot,
  plan: ThingDeletePlan,
  signal: AbortSignal,
): Promise<ThingDeletion> {
  const { thingName, pendingJobs, otherPrincipals } = plan;
  const certificates: ThingDeletion["certificates"] = [];
  for (const { id, keep, ...certificate } of plan.certificates) {
    if (keep === undefined) await removeCertificate(iot, thingName, { id, ...certificate }, signal);
    else await detachPrincipal(iot, thingName, certificate.arn);
    certificates.push(keep === undefined ? { id, deleted: true } : { id, deleted: false, because: keep });
  }
  for (const principal of otherPrincipals) await detachPrincipal(iot, thingName, principal);
  const policies = await removePolicies(iot, plan, signal);
  if (!(await eventually(() => deleteThing(iot, thingName), signal))) {
    throw new FotaError("AWS_ERROR", `AWS IoT still finds a certificate attached to thing ${thingName}`, {
      hint: "wait a minute, and run the same command again",
    });
  }
  return { thingName, pendingJobs, certificates, policies, otherPrincipals };
}

async function removeCertificate(
  iot: Iot,
  thingName: string,
  { id, arn, policies }: Omit<PlannedCertificate, "keep" | "status">,
  signal: AbortSignal,
): Promise<void> {
  await deactivateCertificate(iot, id);
  for (const policy of policies) await detachPolicy(iot, policy, arn);
  await detachPrincipal(iot, thingName, arn);
  if (await eventually(() => deleteCertificate(iot, id), signal)) return;
  throw new FotaError(
    "AWS_ERROR",
    `AWS IoT still finds something attached to certificate ${id}, which is inactive`,
    {
      hint: `wait a minute, run \`aws iot delete-certificate --certificate-id ${id}\`, and then the same command again`,
    },
  );
}

/** Deletes the policy that fota created if no certificate uses it any longer, and reports why others are kept. */
async function removePolicies(
  iot: Iot,
  { thingArn, certificates }: ThingDeletePlan,
  signal: AbortSignal,
): Promise<ThingDeletion["policies"]> {
  const deleted = certificates.filter(({ keep }) => keep === undefined);
  const names = new Set(deleted.flatMap(({ policies }) => policies));
  const arns = new Set(deleted.map(({ arn }) => arn));
  const fates: ThingDeletion["policies"] = [];
  for (const name of names) {
    const keep = await reasonToKeep(iot, name, { thingArn, without: arns });
    if (keep !== undefined) fates.push({ name, deleted: false, because: keep });
    else if (await eventually(() => deletePolicy(iot, name), signal)) fates.push({ name, deleted: true });
    else
      fates.push({
        name,
        deleted: false,
        because: "AWS IoT still finds it attached, or it has several versions",
      });
  }
  return fates;
}

async function reasonToKeep(
  iot: Iot,
  name: string,
  { thingArn, without }: { thingArn: string; without: ReadonlySet<string> },
): Promise<string | undefined> {
  if (name !== DEVICE_POLICY_NAME) return "fota did not create it";
  const users = (await listTargetsOf(iot, name)).filter((arn) => !without.has(arn));
  if (users.length > 0) {
    return users.length === 1 ? "another certificate uses it" : `${users.length} other certificates use it`;
  }
  const document = await findPolicyDocument(iot, name);
  const ours = devicePolicies(thingArn.split(":", 5).join(":"));
  return document === undefined || ours.some((each) => isDeepStrictEqual(JSON.parse(document), each))
    ? undefined
    : "it was changed";
}
