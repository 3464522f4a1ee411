import {
  DeletePolicyCommand,
  DetachPolicyCommand,
  GetPolicyCommand,
  ListAttachedPoliciesCommand,
  ListTargetsForPolicyCommand,
} from "@aws-sdk/client-iot";
import { absentIf, nameOf } from "./errors.js";
import type { Iot } from "./iot.js";
import { pagesOf } from "./pages.js";

/** Returns the names of the AWS IoT Core policies attached to a certificate. */
export async function listPoliciesOf({ client, call }: Iot, certificateArn: string): Promise<string[]> {
  const doing = `list the policies of ${certificateArn}`;
  return await call({ doing, action: "iot:ListAttachedPolicies" }, async (options) => {
    const found: string[] = [];
    const pages = pagesOf(async (marker) => {
      const command = new ListAttachedPoliciesCommand({ target: certificateArn, marker });
      const { policies, nextMarker } = await client.send(command, options);
      return { policies, nextToken: nextMarker };
    });
    for await (const { policies = [] } of pages)
      found.push(...policies.flatMap((each) => each.policyName ?? []));
    return found;
  });
}

/** Returns what a policy says now, as JSON; `undefined` if there is no such policy. */
export async function findPolicyDocument(
  { client, call }: Iot,
  policyName: string,
): Promise<string | undefined> {
  const doing = `read policy ${policyName}`;
  return await call({ doing, action: "iot:GetPolicy" }, async (options) => {
    const found = await client
      .send(new GetPolicyCommand({ policyName }), options)
      .catch(absentIf("ResourceNotFoundException"));
    return found?.policyDocument;
  });
}

/** Returns the ARNs of the certificates that a policy is attached to; none if there is no such policy. */
export async function listTargetsOf({ client, call }: Iot, policyName: string): Promise<string[]> {
  const doing = `list what policy ${policyName} is attached to`;
  return await call({ doing, action: "iot:ListTargetsForPolicy" }, async (options) => {
    try {
      const found: string[] = [];
      const pages = pagesOf(async (marker) => {
        const command = new ListTargetsForPolicyCommand({ policyName, marker });
        const { targets, nextMarker } = await client.send(command, options);
        return { targets, nextToken: nextMarker };
      });
      for await (const { targets = [] } of pages) found.push(...targets);
      return found;
    } catch (error) {
      if (nameOf(error) === "ResourceNotFoundException") return [];
      throw error;
    }
  });
}

/** Detaches a policy; succeeds if it is detached already or does not exist. */
export async function detachPolicy(
  { client, call }: Iot,
  policyName: string,
  certificateArn: string,
): Promise<void> {
  const doing = `detach policy ${policyName}`;
  await call({ doing, action: "iot:DetachPolicy" }, async (options) => {
    const command = new DetachPolicyCommand({ policyName, target: certificateArn });
    await client.send(command, options).catch(absentIf("ResourceNotFoundException"));
  });
}

/** Returns false if AWS IoT keeps the policy, because it is attached again or has several versions. */
export async function deletePolicy({ client, call }: Iot, policyName: string): Promise<boolean> {
  const doing = `delete policy ${policyName}`;
  return await call({ doing, action: "iot:DeletePolicy" }, async (options) => {
    try {
      await client.send(new DeletePolicyCommand({ policyName }), options);
      return true;
    } catch (error) {
      if (nameOf(error) === "DeleteConflictException") return false;
      if (nameOf(error) === "ResourceNotFoundException") return true;
      throw error;
    }
  });
}
