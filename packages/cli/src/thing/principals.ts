import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { findCertificate, type RegisteredCertificate } from "../aws/certificates.js";
import type { Iot } from "../aws/iot.js";
import { listPoliciesOf } from "../aws/policies.js";
import { listPrincipals } from "../aws/principals.js";

/** The identities that a thing can connect with. */
export interface ThingPrincipals {
  certificates: (RegisteredCertificate & { policies: string[] })[];
  /** ARNs of other identities, such as Cognito's. */
  others: string[];
}

/** Reads the certificates of a thing with their policies. */
export async function readPrincipals(iot: Iot, thingName: string): Promise<ThingPrincipals> {
  const arns = await listPrincipals(iot, thingName);
  const isCertificate = (arn: string) => arn.includes(":cert/");
  const found = await mapAtOnce(arns.filter(isCertificate), REQUESTS_AT_ONCE, async (arn) => {
    const id = arn.slice(arn.lastIndexOf("/") + 1);
    const certificate = (await findCertificate(iot, id)) ?? {
      id,
      arn,
      status: "UNKNOWN",
      expiresAt: undefined,
    };
    return { ...certificate, policies: await listPoliciesOf(iot, arn) };
  });
  return { certificates: found, others: arns.filter((arn) => !isCertificate(arn)) };
}
