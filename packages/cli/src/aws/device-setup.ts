import { createCertificate } from "./certificates.js";
import { allowDevice } from "./device-policy.js";
import type { Iot } from "./iot.js";
import { attachPrincipal } from "./principals.js";
import { makeKeyWithRequest } from "./signing-request.js";

/** Holds the PEM texts that prove a device's identity. */
export interface DeviceIdentity {
  certificate: string;
  privateKey: string;
}

/** Makes a key pair and a new active certificate for it, and attaches that to the thing and to the device policy. */
export async function createDeviceIdentity(iot: Iot, thingName: string): Promise<DeviceIdentity> {
  const { privateKey, signingRequest } = await makeKeyWithRequest();
  const issued = await createCertificate(iot, thingName, signingRequest);
  await attachPrincipal(iot, thingName, issued.arn);
  await allowDevice(iot, issued.arn);
  return { certificate: issued.pem, privateKey };
}
