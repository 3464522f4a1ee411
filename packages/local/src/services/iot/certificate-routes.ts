import { createHash, X509Certificate } from "node:crypto";
import { messageOf } from "@fota/shared";
import { ACCOUNT_ID } from "../../account.js";
import type { CertificateIssuer } from "../../certificates/issuer.js";
import { readSigningRequest, type SigningRequest } from "../../certificates/signing-request.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest, notSupported } from "../../errors.js";
import { certificateArn, existingCertificate, thingsOf } from "../../registry/certificates.js";
import { CERTIFICATE_ID, nameInArn, THING_NAME } from "../../registry/fields.js";
import type { Certificate } from "../../registry/registry.js";
import { existingThing } from "../../registry/things.js";
import {
  flag,
  type Members,
  onlyMembers,
  optionalChoice,
  queryMembers,
  requiredText,
} from "../../rest/fields.js";
import { markedPage, pageOfUnordered } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

const STATUSES = ["ACTIVE", "INACTIVE", "REVOKED"] as const;

/** Source: API model iot 2015-05-28, ThingPrincipalType. Certificates that belong to one thing only are not supported. */
const PRINCIPAL_TYPES = ["EXCLUSIVE_THING", "NON_EXCLUSIVE_THING"] as const;
const PRINCIPAL_TYPE = "NON_EXCLUSIVE_THING";

/** Certificates, and which thing each is attached to. `onRevoked`: one may let its clients in no more. */
export function certificateRoutes(engine: Engine, issuer: CertificateIssuer, onRevoked: () => void) {
  return [
    route("POST /keys-and-certificate", createKeysAndCertificate),
    route("POST /certificates", createCertificateFromCsr),
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

  /** The keys are told once, here, and kept nowhere. */
  async function createKeysAndCertificate({ query }: RestRequest) {
    const members = queryMembers(query);
    onlyMembers("CreateKeysAndCertificate", members, ["setAsActive"]);
    const issued = await issuer.issueCertificate();
    const { certificateId, certificatePem } = issued;
    const active = flag(members, "setAsActive");
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
    onlyMembers("CreateCertificateFromCsr", members, ["setAsActive"]);
    onlyMembers("CreateCertificateFromCsr", body, ["certificateSigningRequest"]);
    const { certificateId, certificatePem } = issuer.issueFor(requestIn(body));
    const active = flag(members, "setAsActive");
    const certificate = await engine.run("registerCertificate", { certificateId, certificatePem, active });
    return { certificateArn: certificateArn(engine.world, certificate), certificateId, certificatePem };
  }

  function describeCertificate({ params }: RestRequest) {
    const certificate = existingCertificate(
      engine.world,
      requiredText(params, "certificateId", CERTIFICATE_ID),
    );
    return {
      certificateDescription: {
        ...listed(certificate),
        certificatePem: certificate.certificatePem,
        ownedBy: ACCOUNT_ID,
        lastModifiedDate: certificate.lastUpdatedAtMs / 1000,
        customerVersion: certificate.customerVersion ?? 1,
        transferData: {}, // of a transfer between accounts, and there is one account
        generationId: generationIdOf(certificate),
        validity: validityOf(certificate),
      },
    };
  }

  function listCertificates({ query }: RestRequest) {
    const { items, nextMarker } = markedPage("ListCertificates", engine.world.certificates.values(), query);
    return { certificates: items.map(listed), nextMarker };
  }

  async function updateCertificate({ params, query }: RestRequest) {
    const members = queryMembers(query);
    onlyMembers("UpdateCertificate", members, ["newStatus"]);
    const status = optionalChoice(members, "newStatus", STATUSES);
    if (status === undefined) throw notSupported("UpdateCertificate without newStatus");
    await engine.run("updateCertificate", {
      certificateId: requiredText(params, "certificateId", CERTIFICATE_ID),
      status,
    });
    if (status !== "ACTIVE") onRevoked();
  }

  async function deleteCertificate({ params, query }: RestRequest) {
    await engine.run("deleteCertificate", {
      certificateId: requiredText(params, "certificateId", CERTIFICATE_ID),
      force: flag(queryMembers(query), "forceDelete"),
    });
  }

  async function attachThingPrincipal(request: RestRequest) {
    const members = queryMembers(request.query);
    onlyMembers("AttachThingPrincipal", members, ["thingPrincipalType"]);
    const type = optionalChoice(members, "thingPrincipalType", PRINCIPAL_TYPES) ?? PRINCIPAL_TYPE;
    if (type !== PRINCIPAL_TYPE) throw notSupported(`thingPrincipalType ${type}`);
    await engine.run("attachThingPrincipal", thingAndCertificate(request));
  }

  async function detachThingPrincipal(request: RestRequest) {
    await engine.run("detachThingPrincipal", thingAndCertificate(request));
  }

  function listThingPrincipals({ params, query }: RestRequest) {
    const members = queryMembers(query);
    onlyMembers("ListThingPrincipals", members, PAGING);
    return principalsOfThing(params, members);
  }

  function listThingPrincipalsV2({ params, query }: RestRequest) {
    const members = queryMembers(query);
    const wanted = wantsAttached("ListThingPrincipalsV2", members);
    const { principals, nextToken } = principalsOfThing(params, members);
    const found = wanted ? principals : [];
    return {
      thingPrincipalObjects: found.map((principal) => ({ principal, thingPrincipalType: PRINCIPAL_TYPE })),
      nextToken: wanted ? nextToken : undefined,
    };
  }

  function principalsOfThing(params: RestRequest["params"], members: Members) {
    const thing = existingThing(engine.world, requiredText(params, "thingName", THING_NAME));
    const certificates = [...thing.certificates].map((id) => existingCertificate(engine.world, id));
    const { items, nextToken } = pageOfUnordered(certificates, "oldestFirst", members);
    return { principals: items.map((certificate) => certificateArn(engine.world, certificate)), nextToken };
  }

  function listPrincipalThings(request: RestRequest) {
    const members = queryMembers(request.query);
    onlyMembers("ListPrincipalThings", members, PAGING);
    return thingsOfPrincipal(request, members);
  }

  function listPrincipalThingsV2(request: RestRequest) {
    const members = queryMembers(request.query);
    const wanted = wantsAttached("ListPrincipalThingsV2", members);
    const { things, nextToken } = thingsOfPrincipal(request, members);
    const found = wanted ? things : [];
    return {
      principalThingObjects: found.map((thingName) => ({ thingName, thingPrincipalType: PRINCIPAL_TYPE })),
      nextToken: wanted ? nextToken : undefined,
    };
  }

  function thingsOfPrincipal(request: RestRequest, members: Members) {
    const names = thingsOf(engine.world, principalOf(request));
    const things = names.map((name) => existingThing(engine.world, name));
    const { items, nextToken } = pageOfUnordered(things, "oldestFirst", members);
    return { things: items.map((thing) => thing.thingName), nextToken };
  }

  function thingAndCertificate(request: RestRequest) {
    return {
      thingName: requiredText(request.params, "thingName", THING_NAME),
      certificateId: principalOf(request),
    };
  }

  function listed(certificate: Readonly<Certificate>) {
    return {
      certificateArn: certificateArn(engine.world, certificate),
      certificateId: certificate.certificateId,
      status: certificate.status,
      creationDate: certificate.createdAtMs / 1000,
      certificateMode: "DEFAULT",
    };
  }
}

const PAGING = ["maxResults", "nextToken"];

/** Whether a list of the newer kind asks for attachments of the one type that there is here. */
function wantsAttached(operation: string, members: Members): boolean {
  onlyMembers(operation, members, [...PAGING, "thingPrincipalType"]);
  const type = optionalChoice(members, "thingPrincipalType", PRINCIPAL_TYPES) ?? PRINCIPAL_TYPE;
  return type === PRINCIPAL_TYPE;
}

/** Opaque; a UUID of the certificate, as AWS's are. */
function generationIdOf({ certificateId }: Readonly<Certificate>): string {
  const hex = createHash("sha256").update(`generation of ${certificateId}`).digest("hex");
  return hex.slice(0, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
}

/** As it stands in the certificate itself, whole seconds. */
function validityOf({ certificatePem }: Readonly<Certificate>) {
  const { validFrom, validTo } = new X509Certificate(certificatePem);
  return { notBefore: Date.parse(validFrom) / 1000, notAfter: Date.parse(validTo) / 1000 };
}

function requestIn(body: Readonly<Record<string, unknown>>): SigningRequest {
  const pem = requiredText(body, "certificateSigningRequest");
  try {
    return readSigningRequest(pem);
  } catch (error) {
    throw invalidRequest(`The certificate signing request cannot be used: ${messageOf(error)}`);
  }
}

/** The certificate that the principal of a request names: a header in these operations, as the API model has it. */
function principalOf({ headers }: RestRequest): string {
  const arn = headers["x-amzn-principal"];
  if (typeof arn !== "string") {
    throw invalidRequest("The principal is missing: header x-amzn-principal");
  }
  return nameInArn(arn, "cert");
}
