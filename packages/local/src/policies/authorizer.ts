import { forbidden } from "../errors.js";
import { certificateOf } from "../registry/certificates.js";
import type { Access } from "./access.js";
import { type PermissionOptions, permissionsOf, type Requester } from "./permissions.js";

/** What certificates and policies let clients do, on every way in. */
export interface Authorizer {
  /** Why a client with this certificate is not let in; `undefined`: it is. */
  refuseCertificate(certificateId: string): string | undefined;
  /** Over MQTT. */
  accessOf(peer: Pick<Requester, "certificateId" | "sourceIp" | "signed">): Access;
  /**
   * Over HTTP, for an action on a thing such as `iotjobsdata:DescribeJobExecution`.
   * @throws {AwsError} ForbiddenException
   */
  demand(requester: { certificateId: string }, action: string, thingName: string): void;
}

export function createAuthorizer(options: PermissionOptions): Authorizer {
  const { source } = options;

  function refuseCertificate(certificateId: string): string | undefined {
    const certificate = certificateOf(source.world, certificateId);
    if (certificate === undefined) return `the certificate ${certificateId} is not registered`;
    return certificate.status === "ACTIVE"
      ? undefined
      : `the certificate ${certificateId} is ${certificate.status}`;
  }

  return {
    refuseCertificate,

    accessOf: (peer) => ({
      certificateId: peer.certificateId,
      sourceIp: peer.sourceIp,
      refusal: () => (peer.certificateId === undefined ? undefined : refuseCertificate(peer.certificateId)),
      permissions: ({ clientId, sessionExpirySeconds, will }) => {
        const connectAttributes = [
          ...(sessionExpirySeconds > 0 ? ["PersistentConnect"] : []),
          ...(will === undefined ? [] : ["LastWill"]),
        ];
        return permissionsOf(options, { ...peer, clientId, connectAttributes });
      },
    }),

    demand(requester, action, thingName) {
      const refusal = permissionsOf(options, requester).refusal(action, `thing/${thingName}`);
      if (refusal !== undefined) throw forbidden(refusal);
    },
  };
}
