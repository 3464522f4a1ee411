import {
  DeletePolicyCommand,
  DetachPolicyCommand,
  GetPolicyCommand,
  ListAttachedPoliciesCommand,
  ListTargetsForPolicyCommand,
} from "@aws-sdk/client-iot";
import { isDeleted } from "./deletion.js";
import { absentIf } from "./errors.js";
import type { Iot } from "./iot.js";
import { listAll } from "./pages.js";

/** Returns the names of the AWS IoT Core policies attached to a certificate. */
export async function listPoliciesOf({ client, call }: Iot, certificateArn: string): Promise<string[]> {
  const doing = `list the policies of ${certificateArn}`;
  const policies = await call({ doing, action: "iot:ListAttachedPolicies" }, (options) =>
    listAll(
      (marker) => client.send(new ListAttachedPoliciesCommand({ target: certificateArn, marker }), options),
      (page) => page.policies ?? [],
    ),
  );
  return policies.flatMap(({ policyName }) => policyName ?? []);
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
  const targets = await call({ doing, action: "iot:ListTargetsForPolicy" }, (options) =>
    listAll(
      (marker) => client.send(new ListTargetsForPolicyCommand({ policyName, marker }), options),
      (page) => page.targets ?? [],
    ).catch(absentIf("ResourceNotFoundException")),
  );
  return targets ?? [];
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

/** Deletes a policy, unless it is gone already. Returns false if AWS IoT keeps it, because it is attached again or has several versions. */
export async function deletePolicy({ client, call }: Iot, policyName: string): Promise<boolean> {
  const doing = `delete policy ${policyName}`;
  return await call({ doing, action: "iot:DeletePolicy" }, (options) =>
    isDeleted(client.send(new DeletePolicyCommand({ policyName }), options), "DeleteConflictException"),
  );
}
