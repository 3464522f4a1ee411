import { messageOf } from "@fota/shared";
import type { CertificateIssuer } from "../certificates/issuer.js";
import { readSigningRequest, type SigningRequest } from "../certificates/signing-request.js";
import type { Engine } from "../engine.js";
import { invalidRequest, notModelled } from "../errors.js";
import { flag, onlyMembers, optionalChoice, queryMembers, requiredText } from "../rest/fields.js";
import { markedPage, pageOfUnordered } from "../rest/paging.js";
import { type RestRequest, route } from "../rest/router.js";
import type { Certificate } from "../world.js";
import { certificateArn, existingCertificate, thingsOf } from "./certificates.js";
import { CERTIFICATE_ID, nameInArn, THING_NAME } from "./rules.js";
import { existingThing } from "./things.js";

const STATUSES = ["ACTIVE", "INACTIVE", "REVOKED"] as const;

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
    route("GET /principals/things", listPrincipalThings),
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
        lastModifiedDate: certificate.lastUpdatedAtMs / 1000,
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
    if (status === undefined) throw notModelled("UpdateCertificate without newStatus");
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
    onlyMembers("AttachThingPrincipal", queryMembers(request.query), []);
    await engine.run("attachThingPrincipal", thingAndCertificate(request));
  }

  async function detachThingPrincipal(request: RestRequest) {
    await engine.run("detachThingPrincipal", thingAndCertificate(request));
  }

  function listThingPrincipals({ params, query }: RestRequest) {
    const members = queryMembers(query);
    const thing = existingThing(engine.world, requiredText(params, "thingName", THING_NAME));
    const certificates = [...thing.certificates].map((id) => existingCertificate(engine.world, id));
    const { items, nextToken } = pageOfUnordered(certificates, "oldestFirst", members);
    return { principals: items.map((certificate) => certificateArn(engine.world, certificate)), nextToken };
  }

  function listPrincipalThings(request: RestRequest) {
    const names = thingsOf(engine.world, principalOf(request));
    const things = names.map((name) => existingThing(engine.world, name));
    const { items, nextToken } = pageOfUnordered(things, "oldestFirst", queryMembers(request.query));
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
