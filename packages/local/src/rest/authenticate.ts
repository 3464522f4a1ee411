import type { IncomingMessage } from "node:http";
import type { Clock } from "../clock.js";
import { AwsError } from "../errors.js";
import type { RequestContext } from "../http/service.js";
import { type Credentials, credentialScopeOf, sha256Hex } from "../sigv4/sigv4.js";
import { signatureKindOf, verifyGatewayQuery, verifyHeaders } from "../sigv4/verify.js";

/** Judges who sent a request, from its head and its whole body. @throws {AwsError} 403 */
export type Authenticate = (request: IncomingMessage, body: Uint8Array, context: RequestContext) => void;

export interface SignatureCheckOptions {
  credentials: readonly Credentials[];
  region: string;
  clock: Clock;
}

/** What the front door of AWS's JSON services demands: Signature Version 4 in headers, over the body as well. */
export function signatureCheck({ credentials, region, clock }: SignatureCheckOptions): Authenticate {
  return (request, body) => {
    const kind = signatureKindOf(request);
    if (kind === "none") {
      throw new AwsError("MissingAuthenticationTokenException", 403, "Missing Authentication Token");
    }
    const scope = credentialScopeOf(request);
    if (kind !== "header" || scope === undefined) {
      const message = "Only a signature of AWS4-HMAC-SHA256 in the Authorization header is taken here.";
      throw new AwsError("IncompleteSignatureException", 403, message);
    }
    const { signedHeaders } = verifyHeaders(request, {
      credentials,
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

/**
 * The signature of a WebSocket for the device gateway, in its query or its headers. Tells whether there is one.
 * @throws {AwsError} 403, when it is to be verified and is missing or does not hold
 */
export function gatewaySignature(
  { credentials, region, clock }: SignatureCheckOptions,
  verify: boolean,
): (request: IncomingMessage) => boolean {
  return (request) => {
    const kind = signatureKindOf(request);
    if (!verify) return kind === "presigned" || kind === "header";
    if (kind !== "presigned" && kind !== "header") {
      throw new AwsError("MissingAuthenticationTokenException", 403, "Missing Authentication Token");
    }
    const options = { credentials, nowMs: clock.nowMs() };
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

/** As `check`, but a client that proved a certificate over TLS needs no signature. */
export function certificateOr(check: Authenticate): Authenticate {
  return (request, body, context) => {
    if (certificateIdOf(request, context) === undefined) check(request, body, context);
  };
}

/** The certificate that speaks for the client; a signature beside it speaks louder. */
export function certificateIdOf(request: IncomingMessage, context: RequestContext): string | undefined {
  return signatureKindOf(request) === "none" ? context.clientCertificateId : undefined;
}
