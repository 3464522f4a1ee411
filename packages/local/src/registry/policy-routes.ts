import { iotArn } from "../account.js";
import type { Engine } from "../engine.js";
import { AwsError, invalidRequest } from "../errors.js";
import { onlyMembers, requiredText } from "../rest/fields.js";
import { markedPage } from "../rest/paging.js";
import { type RestRequest, route } from "../rest/router.js";
import type { Policy } from "../world.js";
import { existingCertificate, policiesOf } from "./certificates.js";
import { existingPolicy } from "./policies.js";
import { CERTIFICATE_ID, nameInArn, POLICY_NAME } from "./rules.js";

/** Quota: characters of a policy, white space not counted. */
const POLICY_MAX_LENGTH = 2048;

/** AWS IoT Core policies, each of one version, and the certificates they are attached to. */
export function policyRoutes(engine: Engine) {
  return [
    route("POST /policies/{policyName}", createPolicy),
    route("GET /policies/{policyName}", getPolicy),
    route("GET /policies", listPolicies),
    route("DELETE /policies/{policyName}", deletePolicy),
    route("PUT /target-policies/{policyName}", attachPolicy),
    route("POST /target-policies/{policyName}", detachPolicy),
    route("POST /attached-policies/{target}", listAttachedPolicies),
  ];

  function nameAndArn({ policyName }: Readonly<Policy>) {
    return { policyName, policyArn: iotArn(engine.world.region, `policy/${policyName}`) };
  }

  async function createPolicy({ params, body }: RestRequest) {
    onlyMembers("CreatePolicy", body, ["policyDocument"]);
    const policyName = requiredText(params, "policyName", POLICY_NAME);
    const document = requiredText(body, "policyDocument");
    checkPolicyDocument(document);
    const policy = await engine.run("createPolicy", { policyName, document });
    return { ...nameAndArn(policy), policyDocument: document, policyVersionId: "1" };
  }

  function getPolicy({ params }: RestRequest) {
    const policy = existingPolicy(engine.world, requiredText(params, "policyName", POLICY_NAME));
    return {
      ...nameAndArn(policy),
      policyDocument: policy.document,
      defaultVersionId: "1",
      creationDate: policy.createdAtMs / 1000,
      lastModifiedDate: policy.createdAtMs / 1000,
    };
  }

  function listPolicies({ query }: RestRequest) {
    const { items, nextMarker } = markedPage("ListPolicies", engine.world.policies.values(), query);
    return { policies: items.map(nameAndArn), nextMarker };
  }

  async function deletePolicy({ params }: RestRequest) {
    await engine.run("deletePolicy", { policyName: requiredText(params, "policyName", POLICY_NAME) });
  }

  async function attachPolicy(request: RestRequest) {
    await engine.run("attachPolicy", policyAndCertificate(request));
  }

  async function detachPolicy(request: RestRequest) {
    await engine.run("detachPolicy", policyAndCertificate(request));
  }

  function listAttachedPolicies({ params, query }: RestRequest) {
    const certificateId = certificateIn(params);
    existingCertificate(engine.world, certificateId);
    const { items, nextMarker } = markedPage(
      "ListAttachedPolicies",
      policiesOf(engine.world, certificateId),
      query,
    );
    return { policies: items.map(nameAndArn), nextMarker };
  }
}

function policyAndCertificate({ params, body }: RestRequest) {
  onlyMembers("AttachPolicy and DetachPolicy", body, ["target"]);
  return {
    policyName: requiredText(params, "policyName", POLICY_NAME),
    certificateId: certificateIn(body),
  };
}

function certificateIn(members: Readonly<Record<string, unknown>>): string {
  const certificateId = nameInArn(requiredText(members, "target"), "cert");
  return requiredText({ certificateId }, "certificateId", CERTIFICATE_ID);
}

function checkPolicyDocument(document: string): void {
  if (document.replace(/\s/g, "").length > POLICY_MAX_LENGTH) {
    throw invalidRequest(`The policy has more than ${POLICY_MAX_LENGTH} characters`);
  }
  let policy: unknown;
  try {
    policy = JSON.parse(document);
  } catch {
    policy = undefined;
  }
  if (typeof policy === "object" && policy !== null && "Version" in policy && "Statement" in policy) return;
  throw new AwsError(
    "MalformedPolicyException",
    400,
    "The policy document is not JSON with Version and Statement",
  );
}
