import { createHash } from "node:crypto";
import { AwsError, invalidRequest, limitExceeded } from "../errors.js";
import { parsePolicy } from "../policies/document.js";
import { attachPolicy, attachThingPrincipal, existingCertificate } from "../registry/certificates.js";
import type { RegistryContext } from "../registry/context.js";
import { POLICY_NAME } from "../registry/fields.js";
import { createPolicy, existingPolicy, POLICIES_OF_A_CERTIFICATE_MAX } from "../registry/policies.js";
import { defaultTemplateVersion, existingProvisioningTemplate } from "../registry/provisioning.js";
import type { Certificate, Registry } from "../registry/registry.js";
import { type Members, optionalChoice, optionalString, requiredString } from "../rest/fields.js";
import { requireOwnership } from "./ownership.js";
import { fillTemplate, parseTemplateBody, type TemplateResource } from "./template-body.js";
import { applyThing, planThing } from "./template-thing.js";

export interface RegisterThingInput {
  templateName: string;
  token: string;
  /** Id of the certificate of the client that requests it. */
  clientCertificateId?: string | undefined;
  parameters: Record<string, string>;
}

export interface RegisteredThing {
  /** Absent if the template has no thing. */
  thingName?: string;
  deviceConfiguration: Members;
}

/**
 * Creates or updates the thing of a template, activates the certificate and attaches thing and policies to it. The same
 * request again gives the same result until the token expires.
 * @throws {AwsError} InvalidCertificateOwnershipToken, InvalidParameters, ResourceNotFound, InvalidRequest
 */
export function registerThing(context: RegistryContext, input: RegisterThingInput): RegisteredThing {
  const { world } = context;
  const template = existingProvisioningTemplate(world, input.templateName);
  if (!template.enabled)
    throw invalidRequest(`Provisioning template ${template.templateName} is not enabled`);
  const { certificateId } = requireOwnership(context, input);
  const certificate = existingCertificate(world, certificateId);
  const body = parseTemplateBody(defaultTemplateVersion(template).templateBody);
  const { resources, deviceConfiguration } = fillTemplate(body, input.parameters, certificateId);
  const ofType = (type: TemplateResource["type"]) => resources.filter((each) => each.type === type);
  const policies = ofType("AWS::IoT::Policy").map((resource) => planPolicy(world, resource));
  const status = planStatus(certificate, ofType("AWS::IoT::Certificate")[0]);
  const [thing] = ofType("AWS::IoT::Thing").map((resource) => planThing(world, resource));
  const policyNames = new Set([...certificate.policies, ...policies.map(({ policyName }) => policyName)]);
  if (policyNames.size > POLICIES_OF_A_CERTIFICATE_MAX) {
    throw limitExceeded(`A certificate has at most ${POLICIES_OF_A_CERTIFICATE_MAX} policies`);
  }
  // Everything is checked: from here on nothing may throw.
  for (const { policyName, document } of policies) {
    if (document !== undefined && !world.policies.has(policyName)) {
      createPolicy(context, { policyName, document });
    }
    attachPolicy(context, { policyName, certificateId });
  }
  if (thing !== undefined) {
    applyThing(context, thing);
    attachThingPrincipal(context, { thingName: thing.thingName, certificateId });
  }
  if (status !== certificate.status) {
    certificate.status = status;
    certificate.lastUpdatedAtMs = context.nowMs;
  }
  return { ...(thing !== undefined && { thingName: thing.thingName }), deviceConfiguration };
}

interface PlannedPolicy {
  policyName: string;
  /** Absent if the policy exists already. */
  document?: string;
}

/** @throws {AwsError} ResourceNotFound, MalformedPolicy */
function planPolicy(world: Registry, { properties }: TemplateResource): PlannedPolicy {
  if (properties["PolicyDocument"] === undefined) {
    return {
      policyName: existingPolicy(world, requiredString(properties, "PolicyName", POLICY_NAME)).policyName,
    };
  }
  const given = properties["PolicyDocument"];
  const document = typeof given === "string" ? given : JSON.stringify(given);
  parsePolicy(document);
  return { policyName: createHash("sha256").update(document).digest("hex"), document };
}

/**
 * Returns the status that the certificate gets. Only OverrideSettings with REPLACE change one that was set before, so
 * that a device does not activate a certificate that was revoked.
 *
 * @throws {AwsError} InvalidRequest; ResourceConflicts where OverrideSettings have FAIL
 */
function planStatus(certificate: Readonly<Certificate>, resource: TemplateResource | undefined) {
  const given = optionalString(resource?.properties ?? {}, "Status")?.toUpperCase();
  const status = optionalChoice({ Status: given }, "Status", ["ACTIVE", "INACTIVE"]) ?? "ACTIVE";
  if (certificate.status === "PENDING_ACTIVATION" || certificate.status === status) return status;
  const setting = optionalChoice(resource?.overrideSettings ?? {}, "Status", [
    "DO_NOTHING",
    "REPLACE",
    "FAIL",
  ]);
  if (setting === "REPLACE") return status;
  if (setting !== "FAIL") return certificate.status;
  throw new AwsError("ResourceConflictsException", 409, `The certificate is ${certificate.status}`);
}
