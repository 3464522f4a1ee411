import { createHash } from "node:crypto";
import { iotArn } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest } from "../../errors.js";
import { readTags } from "../../jobs/fields.js";
import { parsePolicy } from "../../policies/document.js";
import { certificateArn, existingCertificate, policiesOf } from "../../registry/certificates.js";
import { CERTIFICATE_ID, nameInArn, POLICY_NAME } from "../../registry/fields.js";
import { defaultVersion, existingPolicy, existingVersion } from "../../registry/policies.js";
import type { Policy, PolicyVersion } from "../../registry/registry.js";
import { flag, onlyMembers, queryMembers, requiredText } from "../../rest/fields.js";
import { markedPage } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

/** Quota: characters of a policy, white space not counted. */
const POLICY_MAX_LENGTH = 2048;

/** AWS IoT Core policies, their versions, and the certificates they are attached to. */
export function policyRoutes(engine: Engine) {
  return [
    route("POST /policies/{policyName}", createPolicy),
    route("GET /policies/{policyName}", getPolicy),
    route("GET /policies", listPolicies),
    route("DELETE /policies/{policyName}", deletePolicy),
    route("POST /policies/{policyName}/version", createVersion),
    route("GET /policies/{policyName}/version", listVersions),
    route("GET /policies/{policyName}/version/{policyVersionId}", getVersion),
    route("PATCH /policies/{policyName}/version/{policyVersionId}", setDefaultVersion),
    route("DELETE /policies/{policyName}/version/{policyVersionId}", deleteVersion),
    route("PUT /target-policies/{policyName}", attachPolicy),
    route("POST /target-policies/{policyName}", detachPolicy),
    route("POST /attached-policies/{target}", listAttachedPolicies),
    route("POST /policy-targets/{policyName}", listTargets),
    route("POST /effective-policies", getEffectivePolicies),
    // Before AttachPolicy there were these; provisioning scripts still use them.
    route("PUT /principal-policies/{policyName}", attachPrincipalPolicy),
    route("DELETE /principal-policies/{policyName}", detachPrincipalPolicy),
    route("GET /principal-policies", listPrincipalPolicies),
    route("GET /policy-principals", listPolicyPrincipals),
  ];

  function nameAndArn({ policyName }: Readonly<Policy>) {
    return { policyName, policyArn: iotArn(engine.world.region, `policy/${policyName}`) };
  }

  function policyIn({ params }: RestRequest): Readonly<Policy> {
    return existingPolicy(engine.world, nameIn(params));
  }

  async function createPolicy({ params, body }: RestRequest) {
    onlyMembers("CreatePolicy", body, ["policyDocument", "tags"]);
    const document = documentIn(body);
    const policyName = nameIn(params);
    const policy = await engine.run("createPolicy", { policyName, document, tags: readTags(body) });
    return { ...nameAndArn(policy), policyDocument: document, policyVersionId: policy.defaultVersionId };
  }

  function getPolicy(request: RestRequest) {
    const policy = policyIn(request);
    const { versionId, document, createdAtMs } = defaultVersion(policy);
    return {
      ...nameAndArn(policy),
      policyDocument: document,
      defaultVersionId: versionId,
      creationDate: policy.createdAtMs / 1000,
      lastModifiedDate: createdAtMs / 1000,
      generationId: generationIdOf(policy, policy.lastVersion, versionId),
    };
  }

  function listPolicies({ query }: RestRequest) {
    const { items, nextMarker } = markedPage("ListPolicies", engine.world.policies.values(), query);
    return { policies: items.map(nameAndArn), nextMarker };
  }

  async function deletePolicy({ params }: RestRequest) {
    await engine.run("deletePolicy", { policyName: nameIn(params) });
  }

  async function createVersion(request: RestRequest) {
    const { params, query, body } = request;
    onlyMembers("CreatePolicyVersion", body, ["policyDocument"]);
    const document = documentIn(body);
    const setAsDefault = flag(queryMembers(query), "setAsDefault");
    const policyName = nameIn(params);
    const { versionId } = await engine.run("createPolicyVersion", { policyName, document, setAsDefault });
    return {
      policyArn: nameAndArn(policyIn(request)).policyArn,
      policyDocument: document,
      policyVersionId: versionId,
      isDefaultVersion: setAsDefault,
    };
  }

  function listVersions(request: RestRequest) {
    const policy = policyIn(request);
    const versions = [...policy.versions.values()].reverse();
    return { policyVersions: versions.map((version) => listedVersion(policy, version)) };
  }

  function getVersion(request: RestRequest) {
    const policy = policyIn(request);
    const version = existingVersion(policy, versionIn(request.params));
    const { versionId, ...listed } = listedVersion(policy, version);
    return {
      ...nameAndArn(policy),
      policyDocument: version.document,
      policyVersionId: versionId,
      isDefaultVersion: listed.isDefaultVersion,
      creationDate: listed.createDate,
      lastModifiedDate: listed.createDate,
      generationId: generationIdOf(policy, versionId),
    };
  }

  async function setDefaultVersion({ params }: RestRequest) {
    await engine.run("setDefaultPolicyVersion", { policyName: nameIn(params), versionId: versionIn(params) });
  }

  async function deleteVersion({ params }: RestRequest) {
    await engine.run("deletePolicyVersion", { policyName: nameIn(params), versionId: versionIn(params) });
  }

  async function attachPolicy(request: RestRequest) {
    await engine.run("attachPolicy", policyAndTarget(request));
  }

  async function detachPolicy(request: RestRequest) {
    await engine.run("detachPolicy", policyAndTarget(request));
  }

  async function attachPrincipalPolicy(request: RestRequest) {
    await engine.run("attachPolicy", policyAndPrincipal(request));
  }

  async function detachPrincipalPolicy(request: RestRequest) {
    await engine.run("detachPolicy", policyAndPrincipal(request));
  }

  function listAttachedPolicies({ params, query }: RestRequest) {
    return attachedTo("ListAttachedPolicies", certificateIn(params["target"]), query);
  }

  function listPrincipalPolicies({ headers, query }: RestRequest) {
    return attachedTo("ListPrincipalPolicies", certificateIn(headers[PRINCIPAL]), query);
  }

  /** All that hold a certificate, whatever the thing: policies are attached to nothing else here. */
  function getEffectivePolicies({ query, body }: RestRequest) {
    onlyMembers("GetEffectivePolicies", queryMembers(query), ["thingName"]);
    onlyMembers("GetEffectivePolicies", body, ["principal"]);
    const { certificateId } = existingCertificate(engine.world, certificateIn(body["principal"]));
    const policies = policiesOf(engine.world, certificateId);
    return {
      effectivePolicies: policies.map((policy) => ({
        ...nameAndArn(policy),
        policyDocument: defaultVersion(policy).document,
      })),
    };
  }

  function attachedTo(operation: string, certificateId: string, query: URLSearchParams) {
    existingCertificate(engine.world, certificateId);
    const { items, nextMarker } = markedPage(operation, policiesOf(engine.world, certificateId), query);
    return { policies: items.map(nameAndArn), nextMarker };
  }

  function listTargets(request: RestRequest) {
    const { items, nextMarker } = holdersOf("ListTargetsForPolicy", policyIn(request), request.query);
    return { targets: items, nextMarker };
  }

  function listPolicyPrincipals({ headers, query }: RestRequest) {
    const policyName = requiredText({ policyName: headers[POLICY] }, "policyName", POLICY_NAME);
    const policy = existingPolicy(engine.world, policyName);
    const { items, nextMarker } = holdersOf("ListPolicyPrincipals", policy, query);
    return { principals: items, nextMarker };
  }

  /** One page of the ARNs of the certificates that a policy is attached to. */
  function holdersOf(operation: string, { policyName }: Readonly<Policy>, query: URLSearchParams) {
    const { world } = engine;
    const holders = [...world.certificates.values()].filter(({ policies }) => policies.has(policyName));
    const { items, nextMarker } = markedPage(operation, holders, query);
    return { items: items.map((certificate) => certificateArn(world, certificate)), nextMarker };
  }
}

// Headers of the older operations. Source: API model iot 2015-05-28, AttachPrincipalPolicy and ListPolicyPrincipals.
const PRINCIPAL = "x-amzn-iot-principal";
const POLICY = "x-amzn-iot-policy";

/** Opaque; another one for each state that a policy, or one of its versions, has been in. 64 digits, as AWS's are. */
function generationIdOf({ policyName, sequence }: Readonly<Policy>, ...state: (string | number)[]): string {
  return createHash("sha256")
    .update(JSON.stringify([policyName, sequence, ...state]))
    .digest("hex");
}

function listedVersion(policy: Readonly<Policy>, { versionId, createdAtMs }: PolicyVersion) {
  return {
    versionId,
    isDefaultVersion: versionId === policy.defaultVersionId,
    createDate: createdAtMs / 1000,
  };
}

function nameIn(params: Readonly<Record<string, string>>): string {
  return requiredText(params, "policyName", POLICY_NAME);
}

function versionIn(params: Readonly<Record<string, string>>): string {
  return requiredText(params, "policyVersionId", { pattern: /^[0-9]+$/, patternText: "[0-9]+" });
}

function policyAndTarget({ params, body }: RestRequest) {
  onlyMembers("AttachPolicy and DetachPolicy", body, ["target"]);
  return { policyName: nameIn(params), certificateId: certificateIn(body["target"]) };
}

function policyAndPrincipal({ params, headers }: RestRequest) {
  return { policyName: nameIn(params), certificateId: certificateIn(headers[PRINCIPAL]) };
}

/** The id of the certificate whose ARN is the target. */
function certificateIn(target: unknown): string {
  const certificateId = nameInArn(requiredText({ target }, "target"), "cert");
  return requiredText({ certificateId }, "certificateId", CERTIFICATE_ID);
}

function documentIn(body: Readonly<Record<string, unknown>>): string {
  const document = requiredText(body, "policyDocument");
  if (document.replace(/\s/g, "").length > POLICY_MAX_LENGTH) {
    throw invalidRequest(`The policy has more than ${POLICY_MAX_LENGTH} characters`);
  }
  parsePolicy(document);
  return document;
}
