import { X509Certificate } from "node:crypto";
import { forbidden } from "../errors.js";
import { certificateOf } from "../registry/certificates.js";
import { issuerOf } from "../registry/foreign-certificate.js";
import type { Access } from "./access.js";
import { createPermissions, type PermissionOptions, type Requester } from "./permissions.js";

/** Decides by certificates and policies what clients may do, over every protocol. */
export interface Authorizer {
  /** Returns why a client with this certificate may not connect; `undefined` if it may. */
  certificateRefusal(certificateId: string): string | undefined;
  /** Returns whether the certificate is registered, whatever its status is. */
  isRegistered(certificateId: string): boolean;
  /** Returns whether a registered CA that is ACTIVE signed the certificate, given in DER. */
  hasRegisteredIssuer(certificate: Buffer): boolean;
  /** Returns the access of an MQTT client. */
  accessOf(peer: Pick<Requester, "certificateId" | "sourceIp" | "signed">): Access;
  /** Returns why an action over HTTP is not allowed; `undefined` if it is. */
  refusal(requester: { certificateId: string }, action: string, resource: string): string | undefined;
  /**
   * Checks an action over HTTP, such as `iotjobsdata:DescribeJobExecution` on `thing/<thing>`. The resource of a named
   * shadow is `thing/<thing>/<shadow>`.
   * @throws {AwsError} ForbiddenException if it is not allowed
   */
  authorize(requester: { certificateId: string }, action: string, resource: string): void;
}

export function createAuthorizer(options: PermissionOptions): Authorizer {
  const { source } = options;

  function certificateRefusal(certificateId: string): string | undefined {
    const claim = source.world.provisioning?.claims.get(certificateId);
    if (claim !== undefined) {
      const isValid = source.nowMs() < claim.expiresAtMs;
      return isValid ? undefined : `the provisioning claim with certificate ${certificateId} has expired`;
    }
    const certificate = certificateOf(source.world, certificateId);
    if (certificate === undefined) return `the certificate ${certificateId} is not registered`;
    return certificate.status === "ACTIVE"
      ? undefined
      : `the certificate ${certificateId} is ${certificate.status}`;
  }

  const refusal: Authorizer["refusal"] = (requester, action, resource) =>
    createPermissions(options, requester).refusal(action, resource);

  return {
    certificateRefusal,
    refusal,
    isRegistered: (certificateId) => certificateOf(source.world, certificateId) !== undefined,
    hasRegisteredIssuer: (certificate) =>
      issuerOf(source.world, new X509Certificate(certificate)) !== undefined,

    accessOf: (peer) => ({
      certificateId: peer.certificateId,
      sourceIp: peer.sourceIp,
      refusal: () => (peer.certificateId === undefined ? undefined : certificateRefusal(peer.certificateId)),
      permissions: ({ clientId, sessionExpirySeconds, will }) => {
        const connectAttributes = [
          ...(sessionExpirySeconds > 0 ? ["PersistentConnect"] : []),
          ...(will === undefined ? [] : ["LastWill"]),
        ];
        return createPermissions(options, { ...peer, clientId, connectAttributes });
      },
    }),

    authorize(requester, action, resource) {
      const reason = refusal(requester, action, resource);
      if (reason !== undefined) throw forbidden(reason);
    },
  };
}
