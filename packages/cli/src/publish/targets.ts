import { FotaError, JOB_TARGETS_MAX, THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";

/** Whom a job is for. `text` is as it was given. */
export interface Target {
  kind: "thing" | "group";
  name: string;
  text: string;
  /** Set when it was given as an ARN: then the registry must agree. */
  arn?: string;
}

const GROUP_PREFIX = "group:";
const ARN_PATTERN = /^arn:[a-z-]+:iot:([a-z0-9-]+):\d{12}:(thing|thinggroup)\/(.+)$/;

/**
 * Reads `--to` values: a thing name, `group:<name>` or an ARN. Thing names may hold `:`, so only these two forms are
 * special. Doubles are dropped.
 * @throws {FotaError} TARGET_INVALID, TOO_MANY_TARGETS
 */
export function parseTargets(texts: readonly string[]): Target[] {
  const targets = [...new Set(texts)].map(parseTarget);
  if (targets.length === 0) {
    throw new FotaError("TARGET_INVALID", "no target is given", {
      hint: "name a thing or a group: --to my-thing, --to group:beta",
    });
  }
  if (targets.length <= JOB_TARGETS_MAX) return targets;
  throw new FotaError(
    "TOO_MANY_TARGETS",
    `${targets.length} targets, AWS takes ${JOB_TARGETS_MAX} in one job`,
    {
      hint: "put the things into a thing group and publish to group:<name>",
    },
  );
}

/** @throws {FotaError} TARGET_INVALID when an ARN is of another region */
export function checkRegions(targets: readonly Target[], region: string): void {
  for (const { arn, text } of targets) {
    const ofArn = arn === undefined ? region : ARN_PATTERN.exec(arn)?.[1];
    if (ofArn === region) continue;
    throw new FotaError("TARGET_INVALID", `${text} is in ${ofArn}, the job would be in ${region}`, {
      hint: `give --region ${ofArn}`,
    });
  }
}

function parseTarget(text: string): Target {
  if (text.startsWith("arn:")) {
    const [, , type, name = ""] = ARN_PATTERN.exec(text) ?? [];
    if (type !== undefined && isName(name))
      return { kind: type === "thing" ? "thing" : "group", name, text, arn: text };
    throw invalid(text, "an ARN must be arn:aws:iot:<region>:<account>:thing/<name> or :thinggroup/<name>");
  }
  const isGroup = text.startsWith(GROUP_PREFIX);
  const name = isGroup ? text.slice(GROUP_PREFIX.length) : text;
  if (isName(name)) return { kind: isGroup ? "group" : "thing", name, text };
  throw invalid(text, `names have 1 to ${THING_NAME_MAX_LENGTH} of A-Z a-z 0-9 : _ -`);
}

function isName(name: string): boolean {
  return name.length <= THING_NAME_MAX_LENGTH && THING_NAME_PATTERN.test(name);
}

function invalid(text: string, hint: string): FotaError {
  return new FotaError("TARGET_INVALID", `${JSON.stringify(text)} is no thing, group or ARN`, { hint });
}
