import { THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";
import type { CertificateIssuer, IssuedCertificate } from "../certificates/issuer.js";
import type { Engine } from "../engine/engine.js";
import { invalidRequest } from "../errors.js";

/** A thing and what its device needs to connect as it. */
export interface ProvisionedThing extends IssuedCertificate {
  thingName: string;
}

/**
 * What a provisioning script does by CreateThing, CreateKeysAndCertificate and AttachThingPrincipal.
 *
 * @throws {AwsError} the name is not one for a thing
 */
export async function provisionThing(
  engine: Engine,
  issuer: CertificateIssuer,
  thingName: string,
): Promise<ProvisionedThing> {
  if (thingName.length > THING_NAME_MAX_LENGTH || !THING_NAME_PATTERN.test(thingName)) {
    throw invalidRequest(`${JSON.stringify(thingName)} is not a valid thing name`);
  }
  const issued = await issuer.issueCertificate();
  const { certificateId, certificatePem } = issued;
  if (!engine.world.things.has(thingName)) await engine.run("createThing", { thingName, attributes: {} });
  await engine.run("registerCertificate", { certificateId, certificatePem, active: true });
  await engine.run("attachThingPrincipal", { thingName, certificateId });
  return { ...issued, thingName };
}
