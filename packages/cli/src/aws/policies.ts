import { ListAttachedPoliciesCommand } from "@aws-sdk/client-iot";
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
