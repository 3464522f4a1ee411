import type { IncomingMessage } from "node:http";
import type { Clock } from "../clock.js";
import { AwsError } from "../errors.js";
import type { RequestContext } from "../http/service.js";
import { detectSignature } from "../sigv4/claim.js";
import { type Credentials, parseCredentialScope, sha256Hex } from "../sigv4/sigv4.js";
import type { TemporaryKeys } from "../sigv4/temporary-keys.js";
import { checkSessionToken, verifyGatewayQuery, verifyHeaders } from "../sigv4/verify.js";

/** Verifies who sent a request, by its head and its whole body. @throws {AwsError} 403 */
export type Authenticate = (request: IncomingMessage, body: Uint8Array, context: RequestContext) => void;

export interface SignatureCheckOptions {
  credentials: readonly Credentials[];
  temporaryKeys: TemporaryKeys;
  region: string;
  clock: Clock;
}

/** Creates the check of AWS's JSON services: Signature Version 4 in headers, which covers the body. */
export function createSignatureCheck(options: SignatureCheckOptions): Authenticate {
  const { credentials, temporaryKeys, region, clock } = options;
  return (request, body) => {
    const kind = detectSignature(request);
    if (kind === "none") {
      throw new AwsError("MissingAuthenticationTokenException", 403, "Missing Authentication Token");
    }
    const scope = parseCredentialScope(request);
    if (kind !== "header" || scope === undefined) {
      const message = "Only AWS4-HMAC-SHA256 in the Authorization header is supported.";
      throw new AwsError("IncompleteSignatureException", 403, message);
    }
    const { signedHeaders } = verifyHeaders(request, {
      credentials,
      temporaryKeys,
      nowMs: clock.nowMs(),
      payloadHash: sha256Hex(body),
    });
    if (!signedHeaders.includes("host")) {
      const message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
      throw new AwsError("InvalidSignatureException", 403, message);
    }
    if (scope.region !== region) {
      const message = `Credential should be scoped to a valid region: ${region}, not ${scope.region}.`;
      throw new AwsError("InvalidSignatureException", 403, message);
    }
  };
}

/** Creates the check of AWS's JSON services without signatures: keys of the credential provider need their session token. */
export function createTokenCheck({ credentials, temporaryKeys, clock }: SignatureCheckOptions): Authenticate {
  return (request) => checkSessionToken(request, { credentials, temporaryKeys, nowMs: clock.nowMs() });
}

/**
 * Creates the check of a WebSocket request to the device gateway, which is signed in its query or its headers. The check
 * returns whether there is a signature. With `verify`, it throws an AwsError with status 403 if the signature is missing
 * or invalid.
 */
export function createGatewayCheck(
  { credentials, temporaryKeys, region, clock }: SignatureCheckOptions,
  verify: boolean,
): (request: IncomingMessage) => boolean {
  return (request) => {
    const kind = detectSignature(request);
    if (!verify) return kind === "presigned" || kind === "header";
    if (kind !== "presigned" && kind !== "header") {
      throw new AwsError("MissingAuthenticationTokenException", 403, "Missing Authentication Token");
    }
    const options = { credentials, temporaryKeys, nowMs: clock.nowMs() };
    const { scope } =
      kind === "presigned"
        ? verifyGatewayQuery(request, options)
        : verifyHeaders(request, { ...options, payloadHash: sha256Hex("") });
    if (scope.service !== "iotdevicegateway" || scope.region !== region) {
      const message = `Credential should be scoped to ${region}/iotdevicegateway, not ${scope.region}/${scope.service}.`;
      throw new AwsError("InvalidSignatureException", 403, message);
    }
    return true;
  };
}

/** Like `check`, but a client that proved a certificate over TLS needs no signature. */
export function unlessCertificate(check: Authenticate): Authenticate {
  return (request, body, context) => {
    if (authenticatedCertificateId(request, context) === undefined) check(request, body, context);
  };
}

/**
 * Returns the id of the certificate that authenticates the client; `undefined` if the request has a signature instead.
 */
export function authenticatedCertificateId(
  request: IncomingMessage,
  context: RequestContext,
): string | undefined {
  const { clientCertificateId } = context;
  return clientCertificateId !== undefined && detectSignature(request) === "none"
    ? clientCertificateId
    : undefined;
}
