import { AttachPolicyCommand, CreatePolicyCommand } from "@aws-sdk/client-iot";
import { INVENTORY_SHADOW } from "@fota/shared";
import { absentIf, nameOf } from "./errors.js";
import type { Iot } from "./iot.js";

/** Names the one policy that all devices share. */
export const DEVICE_POLICY_NAME = "fota-device";

/**
 * Returns a policy with exactly the AWS IoT permissions that the agent needs, for any thing; docs/device-guide.md has
 * the same policy to copy. `arnStart` is the start of all ARNs: `arn:aws:iot:<region>:<account>`. The variable and the
 * condition demand a certificate that is attached to the thing: AWS IoT Developer Guide, "Thing policy variables".
 * The topics of the shadow are for the inventory, which a device reports only if its firmware asks for it.
 */
export function devicePolicy(arnStart: string): object {
  return policyFor(arnStart, { withInventory: true });
}

/** Returns the policies that fota has created under this name, the newest first. */
export function devicePolicies(arnStart: string): object[] {
  return [devicePolicy(arnStart), policyFor(arnStart, { withInventory: false })];
}

function policyFor(arnStart: string, { withInventory }: { withInventory: boolean }): object {
  const thing = "${iot:Connection.Thing.ThingName}";
  const own = (kind: string, topic: string) => `${arnStart}:${kind}/$aws/things/${thing}/${topic}`;
  const requests = ["get", "*/get", "*/update"].map((topic) => own("topic", `jobs/${topic}`));
  const update = `shadow/name/${INVENTORY_SHADOW}/update`;
  const answers = (kind: string) => {
    const jobs = own(kind, "jobs/*");
    return withInventory ? [jobs, own(kind, `${update}/*`)] : jobs;
  };
  const allow = (Action: string, Resource: string | string[]) => ({ Effect: "Allow", Action, Resource });
  return {
    Version: "2012-10-17",
    Statement: [
      {
        ...allow("iot:Connect", `${arnStart}:client/${thing}`),
        Condition: { Bool: { "iot:Connection.Thing.IsAttached": ["true"] } },
      },
      allow("iot:Publish", withInventory ? [...requests, own("topic", update)] : requests),
      allow("iot:Subscribe", answers("topicfilter")),
      allow("iot:Receive", answers("topic")),
    ],
  };
}

/** Gives the certificate the permissions of a device. The first call creates the shared policy if it is missing. */
export async function allowDevice({ client, call }: Iot, certificateArn: string): Promise<void> {
  const doing = "attach the policy of devices";
  const attach = async (options: { abortSignal: AbortSignal }) => {
    await client.send(
      new AttachPolicyCommand({ policyName: DEVICE_POLICY_NAME, target: certificateArn }),
      options,
    );
  };
  const attached = await call({ doing, action: "iot:AttachPolicy" }, async (options) => {
    try {
      await attach(options);
      return true;
    } catch (error) {
      if (nameOf(error) !== "ResourceNotFoundException") throw error;
      return false;
    }
  });
  if (attached) return;
  const policyDocument = JSON.stringify(devicePolicy(certificateArn.split(":", 5).join(":")));
  await call({ doing, action: "iot:CreatePolicy" }, async (options) => {
    const policy = { policyName: DEVICE_POLICY_NAME, policyDocument };
    await client
      .send(new CreatePolicyCommand(policy), options)
      .catch(absentIf("ResourceAlreadyExistsException")); // another command created it meanwhile
  });
  await call({ doing, action: "iot:AttachPolicy" }, attach);
}
