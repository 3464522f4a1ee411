import { isFotaError } from "@fota/shared";
import { mapAtOnce } from "../at-once.js";
import { nameOf } from "../aws/errors.js";
import { describeExecution, listExecutions, listPendingJobIds } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { describeJob, getJobDocument, listJobs } from "../aws/jobs.js";
import { findPackageVersion, hasPackage } from "../aws/packages.js";
import { findThingGroupArn, listThingsInGroup } from "../aws/thing-groups.js";
import { thingArn } from "../aws/things.js";
import type { Target } from "../job/targets.js";
import { PROBE_JOB_ID } from "./jobs.js";
import { fail, ok, type Verdict, warn } from "./verdict.js";

/** Describes a harmless call; AWS checks the permission before it looks for the resource. */
interface Probe {
  action: string;
  /** Names the resource of the call. */
  on: string;
  /** Names the command that needs the permission. */
  command: string;
  /** True if the resource's name is made up: a policy for certain names may rightly exclude it. */
  madeUp: boolean;
  run(): Promise<unknown>;
}

const PROBES_AT_ONCE = 4;
const NOT_TRIED =
  "fota did not try iot:CreateJob, s3:PutObject and iam:PassRole, which would change something";
const MADE_UP_NAME = "fota-doctor";

/** Reports which calls of publish, status and list are refused. */
export async function checkPermissions(
  iot: Iot,
  targets: readonly Target[],
  packageName?: string,
): Promise<Verdict> {
  const tried = await mapAtOnce(
    [...probesOf(iot, targets), ...packageProbes(iot, packageName)],
    PROBES_AT_ONCE,
    async (probe) => ({
      probe,
      refused: await isRefused(probe),
    }),
  );
  const refused = tried.filter((each) => each.refused).map(({ probe }) => probe);
  if (refused.length === 0) {
    return ok(`the ${tried.length} read-only calls of publish, status and list are allowed; ${NOT_TRIED}`);
  }
  const actions = refused
    .map(({ action, on, command }) => `${action} on ${on} (for fota ${command})`)
    .join(", ");
  const message = `refused: ${actions}; ${NOT_TRIED}`;
  if (refused.every(({ madeUp }) => madeUp)) {
    return warn(
      message,
      `that may be intended, because fota tried it with ${MADE_UP_NAME}, which does not exist: give --to to try your own things`,
    );
  }
  return fail(
    message,
    "allow these actions for the credentials in use; docs/operations.md has a policy to copy",
  );
}

async function isRefused({ run }: Probe): Promise<boolean> {
  try {
    await run();
    return false;
  } catch (error) {
    if (isFotaError(error, "ACCESS_DENIED")) return true;
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  if (isFotaError(error, "JOB_NOT_FOUND") || isFotaError(error, "THING_NOT_FOUND")) return true;
  return isFotaError(error) && nameOf(error.cause) === "ResourceNotFoundException";
}

function packageProbes(iot: Iot, packageName: string | undefined): Probe[] {
  if (packageName === undefined) return [];
  const onPackage = { on: `package/${packageName}`, madeUp: false, command: "publish --package" };
  const id = { packageName, versionName: MADE_UP_NAME };
  return [
    { action: "iot:GetPackage", ...onPackage, run: () => hasPackage(iot, packageName) },
    { action: "iot:GetPackageVersion", ...onPackage, run: () => findPackageVersion(iot, id) },
  ];
}

function probesOf(iot: Iot, targets: readonly Target[]): Probe[] {
  const thing = targets.find(({ kind }) => kind === "thing")?.name;
  const group = targets.find(({ kind }) => kind === "group")?.name;
  const job = PROBE_JOB_ID;
  const onJob = { on: `job/${job}`, madeUp: false };
  const onThing = { on: `thing/${thing ?? MADE_UP_NAME}`, madeUp: thing === undefined };
  const onGroup = { on: `thinggroup/${group ?? MADE_UP_NAME}`, madeUp: group === undefined };
  const thingName = thing ?? MADE_UP_NAME;
  const groupName = group ?? MADE_UP_NAME;
  const first = (list: AsyncGenerator<unknown>) => list.next();
  return [
    { action: "iot:DescribeThing", ...onThing, command: "publish", run: () => thingArn(iot, thingName) },
    {
      action: "iot:DescribeThingGroup",
      ...onGroup,
      command: "publish",
      run: () => findThingGroupArn(iot, groupName),
    },
    {
      action: "iot:ListThingsInThingGroup",
      ...onGroup,
      command: "publish",
      run: () => first(listThingsInGroup(iot, groupName)),
    },
    { action: "iot:DescribeJob", ...onJob, command: "publish and status", run: () => describeJob(iot, job) },
    { action: "iot:GetJobDocument", ...onJob, command: "publish", run: () => getJobDocument(iot, job) },
    {
      action: "iot:ListJobExecutionsForJob",
      ...onJob,
      command: "status",
      run: () => first(listExecutions(iot, job)),
    },
    {
      action: "iot:DescribeJobExecution",
      on: `job/${job} and ${onThing.on}`,
      madeUp: onThing.madeUp,
      command: "status",
      run: () => describeExecution(iot, job, thingName),
    },
    {
      action: "iot:ListJobExecutionsForThing",
      ...onThing,
      command: "publish --legacy",
      run: () => listPendingJobIds(iot, thingName),
    },
    { action: "iot:ListJobs", on: "*", madeUp: false, command: "list", run: () => first(listJobs(iot)) },
  ];
}
