import { FotaError } from "@fota/shared";
import type { AwsAccess } from "./access.js";
import { nameOf } from "./errors.js";
import { elementIn, openQueryService, type QueryClient, type Signer } from "./query.js";
import { iamEndpointOf } from "./query-endpoints.js";
import { required } from "./required.js";
import type { Service } from "./service.js";

export type Iam = Service<QueryClient>;

export interface Role {
  arn: string;
  /** The trust policy as JSON text. */
  trustPolicy: string;
}

const IAM = { service: "iam", version: "2010-05-08", endpointOf: iamEndpointOf } as const;

export function openIam(
  { iamEndpoint: endpoint, ...access }: Pick<AwsAccess, "iamEndpoint" | "ca" | "onRequest" | "proxies">,
  signer: Signer,
  signal: AbortSignal,
): Iam {
  return openQueryService(IAM, { endpoint, ...access }, signer, signal);
}

/**
 * Looks up one role by its name, without listing all of the account's roles (B-36).
 * @throws {FotaError} ROLE_NOT_FOUND, ACCESS_DENIED and other translated AWS errors
 */
export async function getRole({ client, call }: Iam, roleName: string): Promise<Role> {
  return await call({ doing: `look up role ${roleName}`, action: "iam:GetRole" }, async (options) => {
    try {
      return roleIn((await client.send("GetRole", { RoleName: roleName }, options)).text);
    } catch (error) {
      if (nameOf(error) !== "NoSuchEntity") throw error;
      throw new FotaError("ROLE_NOT_FOUND", `there is no role ${JSON.stringify(roleName)}`, {
        hint: "check its spelling and the account (--profile); a role with a path takes its bare name, or its ARN",
        cause: error,
      });
    }
  });
}

/** Creates a role. @throws {FotaError} ACCESS_DENIED and other translated AWS errors */
export async function createRole(
  { client, call }: Iam,
  { roleName, trustPolicy }: { roleName: string; trustPolicy: string },
): Promise<Role> {
  const parameters = { RoleName: roleName, AssumeRolePolicyDocument: trustPolicy };
  const doing = `create role ${roleName}`;
  return await call({ doing, action: "iam:CreateRole" }, async (options) =>
    roleIn((await client.send("CreateRole", parameters, options)).text),
  );
}

/** Puts an inline policy into a role; replaces one with the same name. */
export async function putRolePolicy(
  { client, call }: Iam,
  { roleName, policyName, policy }: { roleName: string; policyName: string; policy: string },
): Promise<void> {
  const parameters = { RoleName: roleName, PolicyName: policyName, PolicyDocument: policy };
  const doing = `put policy ${policyName} into role ${roleName}`;
  await call({ doing, action: "iam:PutRolePolicy" }, (options) =>
    client.send("PutRolePolicy", parameters, options),
  );
}

function roleIn(xml: string): Role {
  const arn = required(elementIn(xml, "Arn"), "Arn");
  return { arn, trustPolicy: decodeURIComponent(elementIn(xml, "AssumeRolePolicyDocument") ?? "") };
}
