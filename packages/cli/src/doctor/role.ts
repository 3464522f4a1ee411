import type { Role } from "../aws/iam.js";
import { findRole, type Statement, statementsForIot } from "../job/presign-role.js";
import { ok, type Verdict, warn } from "./verdict.js";

/** Checks that AWS IoT may assume the role to presign, as far as the credentials in use allow. */
export async function checkRole(
  nameOrArn: string,
  { account, region }: { account: string; region: string },
  getRole: (roleName: string) => Promise<Role>,
): Promise<Verdict> {
  const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  const jobArn = `arn:${partition}:iot:${region}:${account}:job/fota`;
  let trustPolicy: string | undefined;
  const { arn, warnings } = await findRole(nameOrArn, jobArn, async (name) => {
    const role = await getRole(name);
    trustPolicy = role.trustPolicy;
    return role;
  });
  if (warnings[0] !== undefined)
    return warn(
      warnings[0],
      "grant iam:GetRole to let fota check it; otherwise the first download shows whether it works",
    );
  const faults = statementsForIot(trustPolicy ?? "").map((statement) =>
    conditionFault(statement, jobArn, account),
  );
  const [fault] = faults;
  if (fault !== undefined && faults.every((each) => each !== undefined)) {
    return warn(`${arn}: ${fault}`, `aws:SourceArn should be arn:${partition}:iot:${region}:${account}:*`);
  }
  return ok(`${arn} trusts AWS IoT; fota cannot check whether it may read the bucket`);
}

/**
 * Returns why AWS IoT does not meet the condition of a trust statement; `undefined`: it does, or this cannot be
 * checked.
 */
function conditionFault({ Condition }: Statement, jobArn: string, account: string): string | undefined {
  for (const operands of Object.values((Condition ?? {}) as Record<string, Record<string, unknown>>)) {
    for (const [key, value] of Object.entries(operands)) {
      const values = (Array.isArray(value) ? value : [value]).map(String);
      const name = key.toLowerCase();
      const asked = name === "aws:sourceaccount" ? account : name === "aws:sourcearn" ? jobArn : undefined;
      if (asked === undefined || values.some((pattern) => likeArn(pattern, asked))) continue;
      return `its trust policy requires ${key} ${values.join(" or ")}, which AWS IoT does not have here`;
    }
  }
  return undefined;
}

/** Matches `*` and `?` as IAM does in ArnLike and StringLike. */
function likeArn(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${expression}$`).test(text);
}
