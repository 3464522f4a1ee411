import { matchProvisioningTopic, type ProvisioningRequest } from "@fota/shared";
import type { CertificateIssuer } from "../certificates/issuer.js";
import type { Engine } from "../engine/engine.js";
import { AwsError } from "../errors.js";
import { readClientSigningRequest } from "../registry/signing-request.js";
import { type Members, optionalObject, optionalString, requiredString } from "../rest/fields.js";

interface Provisioner {
  engine: Engine;
  issuer: CertificateIssuer;
}

/**
 * Answers a publish to the fleet provisioning service, on `accepted` or `rejected`. Resolves to `undefined` if the topic
 * is not one of its topics. Never rejects. Source: AWS IoT Developer Guide, "Device provisioning MQTT API".
 */
export async function answerProvisioningPublish(
  provisioner: Provisioner,
  topic: string,
  payload: Uint8Array,
  clientCertificateId: string | undefined,
): Promise<{ topic: string; payload: string } | undefined> {
  const match = matchProvisioningTopic(topic);
  if (match === undefined) return undefined;
  try {
    const answer = await runRequest(provisioner, match.request, parsePayload(payload), clientCertificateId);
    return { topic: `${topic}/accepted`, payload: JSON.stringify(answer) };
  } catch (error) {
    return { topic: `${topic}/rejected`, payload: JSON.stringify(rejection(error)) };
  }
}

async function runRequest(
  { engine, issuer }: Provisioner,
  request: ProvisioningRequest,
  members: Members,
  clientCertificateId: string | undefined,
) {
  switch (request.operation) {
    case "createKeysAndCertificate": {
      const { privateKeyPem, ...issued } = await issuer.issueCertificate();
      return { ...(await registerPending(issued)), privateKey: privateKeyPem };
    }
    case "createCertificateFromCsr":
      return await registerPending(
        issuer.issueFor(readClientSigningRequest(requiredString(members, "certificateSigningRequest"))),
      );
    case "registerThing":
      return await engine.run("registerThing", {
        templateName: request.templateName,
        token: readToken(members),
        clientCertificateId,
        parameters: readParameters(members),
      });
  }

  async function registerPending({ certificateId, certificatePem }: IssuedWithoutKey) {
    const certificateOwnershipToken = await engine.run("registerPendingCertificate", {
      certificateId,
      certificatePem,
      clientCertificateId,
    });
    return { certificateId, certificatePem, certificateOwnershipToken };
  }
}

type IssuedWithoutKey = ReturnType<CertificateIssuer["issueFor"]>;

/** AWS answers a missing token with these words. */
function readToken(members: Members): string {
  const token = optionalString(members, "certificateOwnershipToken", { min: 0 });
  if (token) return token;
  const message = "Certificate ownership token cannot be empty.";
  throw new AwsError("InvalidCertificateOwnershipToken", 400, message);
}

function readParameters(members: Members): Record<string, string> {
  const parameters = Object.entries(optionalObject(members, "parameters") ?? {});
  for (const [name, value] of parameters) {
    if (typeof value === "string") continue;
    throw new AwsError("InvalidParameters", 400, `The parameter ${name} must be a string`);
  }
  return Object.fromEntries(parameters) as Record<string, string>;
}

/** Parses a payload; an empty one has no members. @throws {AwsError} InvalidPayload */
function parsePayload(payload: Uint8Array): Members {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
    const parsed: unknown = text === "" ? {} : JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as Members;
  } catch {
    // answered below
  }
  throw new AwsError("InvalidPayload", 400, "The payload is not a JSON object in UTF-8");
}

/** AWS's documentation has the members of this answer, but no list of the codes. */
function rejection(error: unknown) {
  const known = error instanceof AwsError;
  return {
    statusCode: known ? error.status : 500,
    errorCode: known ? error.code.replace(/Exception$/, "") : "InternalFailure",
    errorMessage: known ? error.message : "An unexpected error has occurred.",
  };
}
