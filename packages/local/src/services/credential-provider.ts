import type { Engine } from "../engine/engine.js";
import { AwsError, notFound } from "../errors.js";
import type { Service } from "../http/service.js";
import type { Log } from "../log.js";
import type { Authorizer } from "../policies/authorizer.js";
import { certificateOf } from "../registry/certificates.js";
import { restService } from "../rest/answer.js";
import { type RestRequest, route } from "../rest/router.js";
import type { TemporaryKeys } from "../sigv4/temporary-keys.js";

export interface CredentialProviderOptions {
  engine: Engine;
  temporaryKeys: TemporaryKeys;
  refusal: Authorizer["refusal"];
  /** Gets the reason of a refusal, which AWS does not tell the device. */
  log: Log;
}

/**
 * Creates the credential provider: `GET /role-aliases/<alias>/credentials` with a device certificate. The checks come in
 * AWS's order, with AWS's texts. Sources: AWS IoT Developer Guide, "Authorizing direct calls to AWS services"; the
 * answers that awslabs/aws-iot-core-credential-provider-session-helper recorded in docs/dev_notes.md.
 */
export function credentialProvider(options: CredentialProviderOptions): Service {
  const { engine, temporaryKeys, log } = options;
  return restService([route("GET /role-aliases/{roleAlias}/credentials", getCredentials)]);

  function getCredentials({ params, headers, certificateId }: RestRequest) {
    const { world } = engine;
    const name = params["roleAlias"] ?? "";
    const thingName = headers["x-amzn-iot-thingname"];
    if (certificateId === undefined) throw refuse(name, "Access Denied", "the client has no certificate");
    if (
      typeof thingName === "string" &&
      certificateOf(world, certificateId)?.things.has(thingName) !== true
    ) {
      const reason = `the certificate ${certificateId} is not attached to thing ${thingName}`;
      throw refuse(name, "Invalid thing name passed", reason);
    }
    const reason = options.refusal({ certificateId }, "iot:AssumeRoleWithCertificate", `rolealias/${name}`);
    if (reason !== undefined) throw refuse(name, "Access Denied", reason);
    const alias = world.roleAliases?.get(name);
    if (alias === undefined) throw notFound("Role alias does not exist");
    const issued = temporaryKeys.issue(engine.nowMs() + alias.credentialDurationSeconds * 1000);
    const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = issued;
    const expiration = new Date(expiresAtMs).toISOString().replace(/\.\d{3}/, "");
    return { credentials: { accessKeyId, secretAccessKey, sessionToken, expiration } };
  }

  function refuse(roleAlias: string, message: string, reason: string): AwsError {
    log(`credentials: role alias ${roleAlias} refused: ${reason}`);
    return new AwsError("AccessDeniedException", 403, message);
  }
}
