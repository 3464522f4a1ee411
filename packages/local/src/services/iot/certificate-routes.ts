import { ACCOUNT_ID } from "../../account.js";
import type { CertificateIssuer } from "../../certificates/issuer.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest, notSupported } from "../../errors.js";
import { listOf } from "../../listing/indexes.js";
import { sorted } from "../../listing/list-index.js";
import { certificateArn, existingCertificate, thingsOf } from "../../registry/certificates.js";
import { CERTIFICATE_ID, CERTIFICATE_PEM, nameInArn, THING_NAME } from "../../registry/fields.js";
import { readForeignCertificate } from "../../registry/foreign-certificate.js";
import { readClientSigningRequest } from "../../registry/signing-request.js";
import { existingThing } from "../../registry/things.js";
import {
  type Members,
  optionalBoolean,
  optionalChoice,
  queryMembers,
  refuseUnknownMembers,
  requiredString,
} from "../../rest/fields.js";
import { page, pageByMarker } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";
import {
  CERTIFICATE_STATUSES,
  certificateSummary,
  generationIdOf,
  validityOf,
} from "./certificate-answers.js";

/**
 * Source: API model iot 2015-05-28, ThingPrincipalType. Certificates that belong to one thing only are not supported.
 */
const PRINCIPAL_TYPES = ["EXCLUSIVE_THING", "NON_EXCLUSIVE_THING"] as const;
const PRINCIPAL_TYPE = "NON_EXCLUSIVE_THING";

/**
 * Returns the routes for certificates and their things. `onRevoked` is called when clients with a certificate may no
 * longer be connected.
 */
export function certificateRoutes(engine: Engine, issuer: CertificateIssuer, onRevoked: () => void) {
  return [
    route("POST /keys-and-certificate", createKeysAndCertificate),
    route("POST /certificates", createCertificateFromCsr),
    route("POST /certificate/register-no-ca", registerCertificateWithoutCa),
    route("GET /certificates/{certificateId}", describeCertificate),
    route("GET /certificates", listCertificates),
    route("PUT /certificates/{certificateId}", updateCertificate),
    route("DELETE /certificates/{certificateId}", deleteCertificate),
    route("PUT /things/{thingName}/principals", attachThingPrincipal),
    route("DELETE /things/{thingName}/principals", detachThingPrincipal),
    route("GET /things/{thingName}/principals", listThingPrincipals),
    route("GET /things/{thingName}/principals-v2", listThingPrincipalsV2),
    route("GET /principals/things", listPrincipalThings),
    route("GET /principals/things-v2", listPrincipalThingsV2),
  ];

  /** Returns the keys, which are not stored. */
  async function createKeysAndCertificate({ query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("CreateKeysAndCertificate", members, ["setAsActive"]);
    const issued = await issuer.issueCertificate();
    const { certificateId, certificatePem } = issued;
    const active = optionalBoolean(members, "setAsActive");
    const certificate = await engine.run("registerCertificate", { certificateId, certificatePem, active });
    return {
      certificateArn: certificateArn(engine.world, certificate),
      certificateId,
      certificatePem,
      keyPair: { PublicKey: issued.publicKeyPem, PrivateKey: issued.privateKeyPem },
    };
  }

  async function createCertificateFromCsr({ query, body }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("CreateCertificateFromCsr", members, ["setAsActive"]);
    refuseUnknownMembers("CreateCertificateFromCsr", body, ["certificateSigningRequest"]);
    const { certificateId, certificatePem } = issuer.issueFor(
      readClientSigningRequest(requiredString(body, "certificateSigningRequest")),
    );
    const active = optionalBoolean(members, "setAsActive");
    const certificate = await engine.run("registerCertificate", { certificateId, certificatePem, active });
    return { certificateArn: certificateArn(engine.world, certificate), certificateId, certificatePem };
  }

  async function registerCertificateWithoutCa({ body }: RestRequest) {
    refuseUnknownMembers("RegisterCertificateWithoutCA", body, ["certificatePem", "status"]);
    const certificatePem = requiredString(body, "certificatePem", CERTIFICATE_PEM);
    const status = optionalChoice(body, "status", CERTIFICATE_STATUSES) ?? "INACTIVE"; // AWS does not document it
    const certificateId = readForeignCertificate(certificatePem);
    const input = { certificateId, certificatePem, status };
    const certificate = await engine.run("registerCertificateWithoutCa", input);
    return { certificateArn: certificateArn(engine.world, certificate), certificateId };
  }

  function describeCertificate({ params }: RestRequest) {
    const certificate = existingCertificate(
      engine.world,
      requiredString(params, "certificateId", CERTIFICATE_ID),
    );
    return {
      certificateDescription: {
        certificatePem: certificate.certificatePem,
        ...certificateSummary(engine.world, certificate),
        caCertificateId: certificate.caCertificateId,
        ownedBy: ACCOUNT_ID,
        lastModifiedDate: certificate.lastUpdatedAtMs / 1000,
        customerVersion: certificate.customerVersion ?? 1,
        transferData: {}, // transfers are between accounts, and the stand-in has only one
        generationId: generationIdOf(certificate),
        validity: validityOf(certificate),
      },
    };
  }

  async function listCertificates({ query }: RestRequest) {
    const { items, nextMarker } = await pageByMarker(
      "ListCertificates",
      listOf(engine.world.certificates),
      query,
    );
    return { certificates: items.map((each) => certificateSummary(engine.world, each)), nextMarker };
  }

  async function updateCertificate({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("UpdateCertificate", members, ["newStatus"]);
    const status = optionalChoice(members, "newStatus", CERTIFICATE_STATUSES);
    if (status === undefined) throw notSupported("UpdateCertificate without newStatus");
    await engine.run("updateCertificate", {
      certificateId: requiredString(params, "certificateId", CERTIFICATE_ID),
      status,
    });
    if (status !== "ACTIVE") onRevoked();
  }

  async function deleteCertificate({ params, query }: RestRequest) {
    await engine.run("deleteCertificate", {
      certificateId: requiredString(params, "certificateId", CERTIFICATE_ID),
      force: optionalBoolean(queryMembers(query), "forceDelete"),
    });
  }

  async function attachThingPrincipal(request: RestRequest) {
    const members = queryMembers(request.query);
    refuseUnknownMembers("AttachThingPrincipal", members, ["thingPrincipalType"]);
    const type = optionalChoice(members, "thingPrincipalType", PRINCIPAL_TYPES) ?? PRINCIPAL_TYPE;
    if (type !== PRINCIPAL_TYPE) throw notSupported(`thingPrincipalType ${type}`);
    await engine.run("attachThingPrincipal", readThingAndCertificate(request));
  }

  async function detachThingPrincipal(request: RestRequest) {
    await engine.run("detachThingPrincipal", readThingAndCertificate(request));
  }

  function listThingPrincipals({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListThingPrincipals", members, PAGING);
    return principalsOfThing(params, members);
  }

  async function listThingPrincipalsV2({ params, query }: RestRequest) {
    const members = queryMembers(query);
    const wanted = selectsNonExclusive("ListThingPrincipalsV2", members);
    const { principals, nextToken } = await principalsOfThing(params, members);
    const found = wanted ? principals : [];
    return {
      thingPrincipalObjects: found.map((principal) => ({ principal, thingPrincipalType: PRINCIPAL_TYPE })),
      nextToken: wanted ? nextToken : undefined,
    };
  }

  async function principalsOfThing(params: RestRequest["params"], members: Members) {
    const thing = existingThing(engine.world, requiredString(params, "thingName", THING_NAME));
    const certificates = [...thing.certificates].map((id) => existingCertificate(engine.world, id));
    const { items, nextToken } = await page(sorted(certificates), "oldestFirst", members);
    return { principals: items.map((certificate) => certificateArn(engine.world, certificate)), nextToken };
  }

  function listPrincipalThings(request: RestRequest) {
    const members = queryMembers(request.query);
    refuseUnknownMembers("ListPrincipalThings", members, PAGING);
    return thingsOfPrincipal(request, members);
  }

  async function listPrincipalThingsV2(request: RestRequest) {
    const members = queryMembers(request.query);
    const wanted = selectsNonExclusive("ListPrincipalThingsV2", members);
    const { things, nextToken } = await thingsOfPrincipal(request, members);
    const found = wanted ? things : [];
    return {
      principalThingObjects: found.map((thingName) => ({ thingName, thingPrincipalType: PRINCIPAL_TYPE })),
      nextToken: wanted ? nextToken : undefined,
    };
  }

  async function thingsOfPrincipal(request: RestRequest, members: Members) {
    const things = thingsOf(engine.world, readPrincipal(request));
    const { items, nextToken } = await page(things, "oldestFirst", members);
    return { things: items.map((thing) => thing.thingName), nextToken };
  }

  function readThingAndCertificate(request: RestRequest) {
    return {
      thingName: requiredString(request.params, "thingName", THING_NAME),
      certificateId: readPrincipal(request),
    };
  }
}

const PAGING = ["maxResults", "nextToken"];

/** Returns whether a V2 list includes attachments of NON_EXCLUSIVE_THING, the only type that the stand-in has. */
function selectsNonExclusive(operation: string, members: Members): boolean {
  refuseUnknownMembers(operation, members, [...PAGING, "thingPrincipalType"]);
  const type = optionalChoice(members, "thingPrincipalType", PRINCIPAL_TYPES) ?? PRINCIPAL_TYPE;
  return type === PRINCIPAL_TYPE;
}

/** Returns the certificate id in the principal of a request, which is a header in these operations. */
function readPrincipal({ headers }: RestRequest): string {
  const arn = headers["x-amzn-principal"];
  if (typeof arn !== "string") {
    throw invalidRequest("The principal is missing: header x-amzn-principal");
  }
  return nameInArn(arn, "cert");
}
