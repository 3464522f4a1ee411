import { createHash } from "node:crypto";
import { iotArn } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest } from "../../errors.js";
import { readTags } from "../../jobs/fields.js";
import { listOf } from "../../listing/indexes.js";
import { sorted } from "../../listing/list-index.js";
import { parsePolicy } from "../../policies/document.js";
import { certificateArn, existingCertificate, holdersOf, policiesOf } from "../../registry/certificates.js";
import { CERTIFICATE_ID, nameInArn, POLICY_NAME } from "../../registry/fields.js";
import { defaultVersion, existingPolicy, existingVersion } from "../../registry/policies.js";
import type { Policy, PolicyVersion } from "../../registry/registry.js";
import { optionalBoolean, queryMembers, refuseUnknownMembers, requiredString } from "../../rest/fields.js";
import { pageByMarker } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

/** Characters of a policy without white space. An AWS quota. */
const POLICY_MAX_LENGTH = 2048;

/** Returns the routes for AWS IoT Core policies, their versions, and the certificates they are attached to. */
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
    // These are older than AttachPolicy; provisioning scripts still use them.
    route("PUT /principal-policies/{policyName}", attachPrincipalPolicy),
    route("DELETE /principal-policies/{policyName}", detachPrincipalPolicy),
    route("GET /principal-policies", listPrincipalPolicies),
    route("GET /policy-principals", listPolicyPrincipals),
  ];

  function nameAndArn({ policyName }: Readonly<Policy>) {
    return { policyName, policyArn: iotArn(engine.world.region, `policy/${policyName}`) };
  }

  function findPolicy({ params }: RestRequest): Readonly<Policy> {
    return existingPolicy(engine.world, readName(params));
  }

  async function createPolicy({ params, body }: RestRequest) {
    refuseUnknownMembers("CreatePolicy", body, ["policyDocument", "tags"]);
    const document = readPolicyDocument(body);
    const policyName = readName(params);
    const policy = await engine.run("createPolicy", { policyName, document, tags: readTags(body) });
    return { ...nameAndArn(policy), policyDocument: document, policyVersionId: policy.defaultVersionId };
  }

  function getPolicy(request: RestRequest) {
    const policy = findPolicy(request);
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

  async function listPolicies({ query }: RestRequest) {
    const { items, nextMarker } = await pageByMarker("ListPolicies", listOf(engine.world.policies), query);
    return { policies: items.map(nameAndArn), nextMarker };
  }

  async function deletePolicy({ params }: RestRequest) {
    await engine.run("deletePolicy", { policyName: readName(params) });
  }

  async function createVersion(request: RestRequest) {
    const { params, query, body } = request;
    refuseUnknownMembers("CreatePolicyVersion", body, ["policyDocument"]);
    const document = readPolicyDocument(body);
    const setAsDefault = optionalBoolean(queryMembers(query), "setAsDefault");
    const policyName = readName(params);
    const { versionId } = await engine.run("createPolicyVersion", { policyName, document, setAsDefault });
    return {
      policyArn: nameAndArn(findPolicy(request)).policyArn,
      policyDocument: document,
      policyVersionId: versionId,
      isDefaultVersion: setAsDefault,
    };
  }

  function listVersions(request: RestRequest) {
    const policy = findPolicy(request);
    const versions = [...policy.versions.values()].reverse();
    return { policyVersions: versions.map((version) => toVersionSummary(policy, version)) };
  }

  function getVersion(request: RestRequest) {
    const policy = findPolicy(request);
    const version = existingVersion(policy, readVersionId(request.params));
    const { versionId, ...summary } = toVersionSummary(policy, version);
    return {
      ...nameAndArn(policy),
      policyDocument: version.document,
      policyVersionId: versionId,
      isDefaultVersion: summary.isDefaultVersion,
      creationDate: summary.createDate,
      lastModifiedDate: summary.createDate,
      generationId: generationIdOf(policy, versionId),
    };
  }

  async function setDefaultVersion({ params }: RestRequest) {
    await engine.run("setDefaultPolicyVersion", {
      policyName: readName(params),
      versionId: readVersionId(params),
    });
  }

  async function deleteVersion({ params }: RestRequest) {
    await engine.run("deletePolicyVersion", {
      policyName: readName(params),
      versionId: readVersionId(params),
    });
  }

  async function attachPolicy(request: RestRequest) {
    await engine.run("attachPolicy", readPolicyAndTarget(request));
  }

  async function detachPolicy(request: RestRequest) {
    await engine.run("detachPolicy", readPolicyAndTarget(request));
  }

  async function attachPrincipalPolicy(request: RestRequest) {
    await engine.run("attachPolicy", readPolicyAndPrincipal(request));
  }

  async function detachPrincipalPolicy(request: RestRequest) {
    await engine.run("detachPolicy", readPolicyAndPrincipal(request));
  }

  function listAttachedPolicies({ params, query }: RestRequest) {
    return listPoliciesOf("ListAttachedPolicies", readCertificateId(params["target"]), query);
  }

  function listPrincipalPolicies({ headers, query }: RestRequest) {
    return listPoliciesOf("ListPrincipalPolicies", readCertificateId(headers[PRINCIPAL]), query);
  }

  /**
   * Returns the policies of a certificate. The thing makes no difference: policies are attached to certificates only.
   */
  function getEffectivePolicies({ query, body }: RestRequest) {
    refuseUnknownMembers("GetEffectivePolicies", queryMembers(query), ["thingName"]);
    refuseUnknownMembers("GetEffectivePolicies", body, ["principal"]);
    const { certificateId } = existingCertificate(engine.world, readCertificateId(body["principal"]));
    const policies = policiesOf(engine.world, certificateId);
    return {
      effectivePolicies: policies.map((policy) => ({
        ...nameAndArn(policy),
        policyDocument: defaultVersion(policy).document,
      })),
    };
  }

  async function listPoliciesOf(operation: string, certificateId: string, query: URLSearchParams) {
    existingCertificate(engine.world, certificateId);
    const policies = policiesOf(engine.world, certificateId);
    const { items, nextMarker } = await pageByMarker(operation, sorted(policies), query);
    return { policies: items.map(nameAndArn), nextMarker };
  }

  async function listTargets(request: RestRequest) {
    const { items, nextMarker } = await listPolicyHolders(
      "ListTargetsForPolicy",
      findPolicy(request),
      request.query,
    );
    return { targets: items, nextMarker };
  }

  async function listPolicyPrincipals({ headers, query }: RestRequest) {
    const policyName = requiredString({ policyName: headers[POLICY] }, "policyName", POLICY_NAME);
    const policy = existingPolicy(engine.world, policyName);
    const { items, nextMarker } = await listPolicyHolders("ListPolicyPrincipals", policy, query);
    return { principals: items, nextMarker };
  }

  /** Returns a page of the ARNs of the certificates that a policy is attached to. */
  async function listPolicyHolders(
    operation: string,
    { policyName }: Readonly<Policy>,
    query: URLSearchParams,
  ) {
    const { world } = engine;
    const { items, nextMarker } = await pageByMarker(operation, holdersOf(world, policyName), query);
    return { items: items.map((certificate) => certificateArn(world, certificate)), nextMarker };
  }
}

// Headers of the older operations. Source: API model iot 2015-05-28, AttachPrincipalPolicy and ListPolicyPrincipals.
const PRINCIPAL = "x-amzn-iot-principal";
const POLICY = "x-amzn-iot-policy";

/**
 * Returns an opaque id for the state of a policy or version, with 64 digits as at AWS. Each state has a different one.
 */
function generationIdOf({ policyName, sequence }: Readonly<Policy>, ...state: (string | number)[]): string {
  return createHash("sha256")
    .update(JSON.stringify([policyName, sequence, ...state]))
    .digest("hex");
}

function toVersionSummary(policy: Readonly<Policy>, { versionId, createdAtMs }: PolicyVersion) {
  return {
    versionId,
    isDefaultVersion: versionId === policy.defaultVersionId,
    createDate: createdAtMs / 1000,
  };
}

function readName(params: Readonly<Record<string, string>>): string {
  return requiredString(params, "policyName", POLICY_NAME);
}

function readVersionId(params: Readonly<Record<string, string>>): string {
  return requiredString(params, "policyVersionId", { pattern: /^[0-9]+$/, patternText: "[0-9]+" });
}

function readPolicyAndTarget({ params, body }: RestRequest) {
  refuseUnknownMembers("AttachPolicy and DetachPolicy", body, ["target"]);
  return { policyName: readName(params), certificateId: readCertificateId(body["target"]) };
}

function readPolicyAndPrincipal({ params, headers }: RestRequest) {
  return { policyName: readName(params), certificateId: readCertificateId(headers[PRINCIPAL]) };
}

/** Returns the id of the certificate whose ARN is the target. */
function readCertificateId(target: unknown): string {
  const certificateId = nameInArn(requiredString({ target }, "target"), "cert");
  return requiredString({ certificateId }, "certificateId", CERTIFICATE_ID);
}

function readPolicyDocument(body: Readonly<Record<string, unknown>>): string {
  const document = requiredString(body, "policyDocument");
  if (document.replace(/\s/g, "").length > POLICY_MAX_LENGTH) {
    throw invalidRequest(`The policy has more than ${POLICY_MAX_LENGTH} characters`);
  }
  parsePolicy(document);
  return document;
}
