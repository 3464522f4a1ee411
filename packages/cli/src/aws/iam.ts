import { FotaError } from "@fota/shared";
import type { AwsAccess } from "./access.js";
import { translateAwsError } from "./errors.js";
import { elementIn, errorNameIn, type QueryAnswer, queryAws, refusalOf } from "./query.js";
import { iamEndpointOf } from "./query-endpoints.js";
import type { Identity } from "./session.js";

type IamAccess = Pick<AwsAccess, "iamEndpoint" | "ca">;
type Signer = Pick<Identity, "region" | "credentials" | "switches">;

export interface Role {
  arn: string;
  /** The trust policy, as JSON. */
  trustPolicy: string;
}

/**
 * One role by its name, without listing all of the account's (B-36).
 * @throws {FotaError} ROLE_NOT_FOUND, ACCESS_DENIED and what else translated AWS errors can be
 */
export async function getRole(
  roleName: string,
  access: IamAccess,
  signer: Signer,
  signal: AbortSignal,
): Promise<Role> {
  const doing = `look up role ${roleName}`;
  const answer = await ask("GetRole", { RoleName: roleName }, doing, access, signer, signal);
  if (answer.status !== 200 && errorNameIn(answer) === "NoSuchEntity") {
    throw new FotaError("ROLE_NOT_FOUND", `there is no role ${roleName}`, {
      hint: "check its spelling and the account (--profile); a role with a path takes its bare name, or its ARN",
    });
  }
  return roleIn(answer, { doing, action: "iam:GetRole", endpoint: access.iamEndpoint });
}

/** @throws {FotaError} ACCESS_DENIED and what else translated AWS errors can be */
export async function createRole(
  { roleName, trustPolicy }: { roleName: string; trustPolicy: string },
  access: IamAccess,
  signer: Signer,
  signal: AbortSignal,
): Promise<Role> {
  const doing = `create role ${roleName}`;
  const parameters = { RoleName: roleName, AssumeRolePolicyDocument: trustPolicy };
  const answer = await ask("CreateRole", parameters, doing, access, signer, signal);
  return roleIn(answer, { doing, action: "iam:CreateRole", endpoint: access.iamEndpoint });
}

/** Puts a policy inside a role, in place of one of that name. */
export async function putRolePolicy(
  { roleName, policyName, policy }: { roleName: string; policyName: string; policy: string },
  access: IamAccess,
  signer: Signer,
  signal: AbortSignal,
): Promise<void> {
  const doing = `put policy ${policyName} into role ${roleName}`;
  const parameters = { RoleName: roleName, PolicyName: policyName, PolicyDocument: policy };
  const answer = await ask("PutRolePolicy", parameters, doing, access, signer, signal);
  if (answer.status === 200) return;
  throw refusalOf(answer, { doing, action: "iam:PutRolePolicy", endpoint: access.iamEndpoint });
}

async function ask(
  action: string,
  parameters: Record<string, string>,
  doing: string,
  { iamEndpoint: endpoint, ca }: IamAccess,
  { region, credentials, switches }: Signer,
  signal: AbortSignal,
): Promise<QueryAnswer> {
  const request = {
    service: "iam",
    ...iamEndpointOf(region, switches),
    ...(endpoint !== undefined && { endpoint }),
    parameters: { Action: action, ...parameters, Version: "2010-05-08" },
  } as const;
  return await queryAws(request, credentials, { ca, signal }).catch((error: unknown) => {
    throw translateAwsError(error, { doing, action: `iam:${action}`, endpoint });
  });
}

function roleIn(answer: QueryAnswer, call: Parameters<typeof refusalOf>[1]): Role {
  const arn = elementIn(answer.text, "Arn");
  if (answer.status !== 200 || arn === undefined) throw refusalOf(answer, call);
  return { arn, trustPolicy: decodeURIComponent(elementIn(answer.text, "AssumeRolePolicyDocument") ?? "") };
}
