import { ACCOUNT_ID } from "../account.js";
import type { RegistryContext } from "../registry/context.js";
import { existingProvisioningTemplate, provisioningOf } from "../registry/provisioning.js";
import type { ProvisioningClaim } from "../registry/registry.js";

/** AWS IoT Developer Guide, "Provisioning by trusted user": a claim is valid for five minutes. */
const CLAIM_LIFETIME_MS = 5 * 60_000;

/** Adds a temporary certificate that the CA has just issued. @throws {AwsError} ResourceNotFound for the template */
export function createProvisioningClaim(
  context: RegistryContext,
  input: { templateName: string; certificateId: string },
): Readonly<ProvisioningClaim> {
  const { certificateId } = input;
  const { templateName } = existingProvisioningTemplate(context.world, input.templateName);
  const { claims } = provisioningOf(context.world);
  for (const claim of claims.values())
    if (claim.expiresAtMs <= context.nowMs) claims.delete(claim.certificateId);
  const document = policyDocument(context.world.region, templateName);
  const claim: ProvisioningClaim = {
    certificateId,
    expiresAtMs: context.nowMs + CLAIM_LIFETIME_MS,
    policy: { versionId: "1", document, createdAtMs: context.nowMs },
  };
  claims.set(certificateId, claim);
  return claim;
}

/** Returns the policy that AWS's guide gives a claim certificate. */
function policyDocument(region: string, templateName: string): string {
  const arn = `arn:aws:iot:${region}:${ACCOUNT_ID}:`;
  const topics = ["$aws/certificates/create*", `$aws/provisioning-templates/${templateName}/provision/*`];
  const allow = (action: string | string[], resource: string | string[]) => ({
    Effect: "Allow",
    Action: action,
    Resource: resource,
  });
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      allow("iot:Connect", "*"),
      allow(
        ["iot:Publish", "iot:Receive"],
        topics.map((topic) => `${arn}topic/${topic}`),
      ),
      allow(
        "iot:Subscribe",
        topics.map((topic) => `${arn}topicfilter/${topic}`),
      ),
    ],
  });
}
