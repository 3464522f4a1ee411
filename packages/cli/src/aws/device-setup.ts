import { createCertificate } from "./certificates.js";
import { allowDevice } from "./device-policy.js";
import type { Iot } from "./iot.js";
import { attachPrincipal } from "./principals.js";
import { makeKeyWithRequest } from "./signing-request.js";

/** PEM texts that a device proves with who it is. */
export interface DeviceIdentity {
  certificate: string;
  privateKey: string;
}

/** Makes a new active certificate for a key pair that is made here, attached to the thing and to what a device may do. */
export async function createDeviceIdentity(iot: Iot, thingName: string): Promise<DeviceIdentity> {
  const { privateKey, signingRequest } = await makeKeyWithRequest();
  const issued = await createCertificate(iot, thingName, signingRequest);
  await attachPrincipal(iot, thingName, issued.arn);
  await allowDevice(iot, issued.arn);
  return { certificate: issued.pem, privateKey };
}
