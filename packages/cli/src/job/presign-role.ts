import { type ErrorCode, FotaError, isFotaError } from "@fota/shared";
import type { Role } from "../aws/iam.js";

const SERVICE = "iot.amazonaws.com";
const HINT = `its trust policy must let ${SERVICE} do sts:AssumeRole; docs/publish.md has one to copy`;

/**
 * Lists failures to read a role that say nothing about the role. IAM has one endpoint, which many networks do not
 * reach.
 */
const UNSEEN: readonly ErrorCode[] = ["ACCESS_DENIED", "AWS_ERROR", "ENDPOINT_UNREACHABLE"];

export interface FoundRole {
  arn: string;
  warnings: string[];
}

/**
 * Returns the ARN of the role that AWS IoT assumes to presign, checked as far as the credentials in use allow.
 * @throws {FotaError} ROLE_NOT_FOUND, ROLE_INVALID
 */
export async function findRole(
  nameOrArn: string,
  /** The ARN of any target, for its partition and account. */
  targetArn: string,
  getRole: (roleName: string) => Promise<Role>,
): Promise<FoundRole> {
  const [, partition = "aws", , , account = ""] = targetArn.split(":");
  const isArn = nameOrArn.startsWith("arn:");
  if (isArn && nameOrArn.split(":")[4] !== account) {
    throw new FotaError("ROLE_INVALID", `${nameOrArn} is not in account ${account}, where the job would be`);
  }
  const name = isArn ? nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1) : nameOrArn;
  const guess = isArn ? nameOrArn : `arn:${partition}:iam::${account}:role/${name}`;
  try {
    const role = await getRole(name);
    checkTrust(name, role.trustPolicy);
    return { arn: isArn ? nameOrArn : role.arn, warnings: [] };
  } catch (error) {
    // A publisher need not have permission to read the role: AWS IoT checks it itself, only later.
    if (!isFotaError(error) || !UNSEEN.includes(error.code)) throw error;
    return { arn: guess, warnings: [`role ${guess} was not checked: ${error.message}`] };
  }
}

/** Checks that a trust policy names AWS IoT. @throws {FotaError} ROLE_INVALID */
function checkTrust(name: string, trustPolicy: string): void {
  if (statementsForIot(trustPolicy).length > 0) return;
  throw new FotaError("ROLE_INVALID", `role ${name} does not trust AWS IoT: devices would get no document`, {
    hint: HINT,
  });
}

export interface Statement {
  Effect?: unknown;
  Principal?: unknown;
  Action?: unknown;
  Condition?: unknown;
}

/** Returns the statements of a trust policy that let AWS IoT assume the role, each under its own condition. */
export function statementsForIot(policy: string): Statement[] {
  return statementsOf(policy).filter(letsIotIn);
}

function statementsOf(policy: string): Statement[] {
  try {
    const { Statement = [] } = JSON.parse(policy) as { Statement?: Statement | Statement[] };
    return Array.isArray(Statement) ? Statement : [Statement];
  } catch {
    return [];
  }
}

function letsIotIn({ Effect, Principal, Action }: Statement): boolean {
  const services =
    typeof Principal === "object" && Principal !== null
      ? (Principal as Record<string, unknown>)["Service"]
      : undefined;
  const actions = listOf(Action);
  return (
    Effect === "Allow" &&
    listOf(services).includes(SERVICE) &&
    (actions.includes("sts:AssumeRole") || actions.includes("sts:*") || actions.includes("*"))
  );
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}
