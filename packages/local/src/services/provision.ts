import { THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";
import type { CertificateIssuer, IssuedCertificate } from "../certificates/issuer.js";
import type { Engine } from "../engine/engine.js";
import { invalidRequest } from "../errors.js";

/** A thing with the certificate and keys of its device. */
export interface ProvisionedThing extends IssuedCertificate {
  thingName: string;
}

/**
 * Provisions a thing, as a script does with CreateThing, CreateKeysAndCertificate and AttachThingPrincipal.
 *
 * @throws {AwsError} if the name is not a valid thing name
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
