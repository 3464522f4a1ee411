import { ACCOUNT_ID } from "../../account.js";
import type { CertificateIssuer } from "../../certificates/issuer.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest, notSupported } from "../../errors.js";
import { readTags } from "../../jobs/fields.js";
import { listOf } from "../../listing/indexes.js";
import { filtered } from "../../listing/list-index.js";
import { certificateArn } from "../../registry/certificates.js";
import { CERTIFICATE_ID, CERTIFICATE_PEM } from "../../registry/fields.js";
import { existingForeignCa, foreignCaArn } from "../../registry/foreign-cas.js";
import {
  checkVerification,
  findIssuer,
  readCaCertificate,
  readForeignCertificate,
} from "../../registry/foreign-certificate.js";
import type { ForeignCa } from "../../registry/registry.js";
import {
  type Members,
  optionalBoolean,
  optionalChoice,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
  requiredString,
} from "../../rest/fields.js";
import { pageByMarker } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";
import {
  CERTIFICATE_STATUSES,
  certificateSummary,
  generationIdOf,
  validityOf,
} from "./certificate-answers.js";

const MODES = ["DEFAULT", "SNI_ONLY"] as const;
const CA_STATUSES = ["ACTIVE", "INACTIVE"] as const;

/** Returns the routes for CAs of others, and for the certificates that they sign. */
export function caCertificateRoutes(engine: Engine, issuer: CertificateIssuer) {
  return [
    route("GET /registrationcode", () => ({ registrationCode: issuer.registrationCode })),
    route("POST /cacertificate", registerCa),
    route("GET /cacertificate/{certificateId}", describeCa),
    route("GET /cacertificates", listCas),
    route("PUT /cacertificate/{certificateId}", updateCa),
    route("DELETE /cacertificate/{certificateId}", deleteCa),
    route("POST /certificate/register", registerCertificate),
    route("GET /certificates-by-ca/{certificateId}", listCertificatesByCa),
  ];

  async function registerCa({ query, body }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("RegisterCACertificate", members, ["setAsActive", "allowAutoRegistration"]);
    const known = ["caCertificate", "verificationCertificate", "certificateMode", "tags"];
    refuseUnknownMembers("RegisterCACertificate", body, known);
    if (optionalBoolean(members, "allowAutoRegistration")) throw notSupported("allowAutoRegistration");
    const certificatePem = requiredString(body, "caCertificate", CERTIFICATE_PEM);
    const mode = optionalChoice(body, "certificateMode", MODES) ?? "DEFAULT";
    const certificateId = readCaCertificate(certificatePem);
    const verification = optionalString(body, "verificationCertificate", CERTIFICATE_PEM);
    if ((verification === undefined) !== (mode === "SNI_ONLY")) {
      throw invalidRequest(
        "A verificationCertificate is required for certificateMode DEFAULT, and only for it",
      );
    }
    if (verification !== undefined) checkVerification(certificatePem, verification, issuer.registrationCode);
    const status = optionalBoolean(members, "setAsActive") ? "ACTIVE" : "INACTIVE";
    const tags = readTags(body);
    await engine.run("registerForeignCa", { certificateId, certificatePem, status, mode, tags });
    return { certificateArn: foreignCaArn(engine.world, certificateId), certificateId };
  }

  function describeCa({ params }: RestRequest) {
    const ca = existingForeignCa(engine.world, readId(params));
    return {
      certificateDescription: {
        ...toSummary(ca),
        certificatePem: ca.certificatePem,
        ownedBy: ACCOUNT_ID,
        autoRegistrationStatus: "DISABLE",
        lastModifiedDate: ca.lastUpdatedAtMs / 1000,
        customerVersion: ca.customerVersion,
        generationId: generationIdOf(ca),
        validity: validityOf(ca),
        certificateMode: ca.mode,
      },
    };
  }

  async function listCas({ query }: RestRequest) {
    const all = listOf(engine.world.foreignCas ?? new Map<string, ForeignCa>());
    const { items, nextMarker } = await pageByMarker("ListCACertificates", all, query);
    return { certificates: items.map(toSummary), nextMarker };
  }

  async function updateCa({ params, query, body }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("UpdateCACertificate", members, ["newStatus"]);
    refuseUnknownMembers("UpdateCACertificate", body, []);
    const status = optionalChoice(members, "newStatus", CA_STATUSES);
    if (status === undefined) throw notSupported("UpdateCACertificate without newStatus");
    await engine.run("updateForeignCa", { certificateId: readId(params), status });
  }

  async function deleteCa({ params }: RestRequest) {
    await engine.run("deleteForeignCa", { certificateId: readId(params) });
  }

  async function registerCertificate({ query, body }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("RegisterCertificate", members, ["setAsActive"]);
    refuseUnknownMembers("RegisterCertificate", body, ["certificatePem", "caCertificatePem", "status"]);
    const certificatePem = requiredString(body, "certificatePem", CERTIFICATE_PEM);
    const certificateId = readForeignCertificate(certificatePem);
    const caCertificateId = findIssuer(engine.world, certificatePem);
    const caPem = optionalString(body, "caCertificatePem", CERTIFICATE_PEM);
    if (caPem !== undefined && readCaCertificate(caPem) !== caCertificateId) {
      throw invalidRequest("The caCertificatePem is not that of the CA that signed the certificate");
    }
    const asked = optionalChoice(body, "status", CERTIFICATE_STATUSES) ?? "INACTIVE"; // AWS does not document it
    const status = optionalBoolean(members, "setAsActive") ? "ACTIVE" : asked;
    const input = { certificateId, certificatePem, caCertificateId, status };
    const certificate = await engine.run("registerCertificateWithCa", input);
    return { certificateArn: certificateArn(engine.world, certificate), certificateId };
  }

  async function listCertificatesByCa({ params, query }: RestRequest) {
    const { certificates } = engine.world;
    const caCertificateId = readId(params);
    const signed = filtered(listOf(certificates), (each) => each.caCertificateId === caCertificateId);
    const { items, nextMarker } = await pageByMarker("ListCertificatesByCA", signed, query);
    return { certificates: items.map((each) => certificateSummary(engine.world, each)), nextMarker };
  }

  function toSummary({ certificateId, status, createdAtMs }: Readonly<ForeignCa>) {
    const arn = foreignCaArn(engine.world, certificateId);
    return { certificateArn: arn, certificateId, status, creationDate: createdAtMs / 1000 };
  }
}

function readId(params: Members): string {
  return requiredString(params, "certificateId", CERTIFICATE_ID);
}
