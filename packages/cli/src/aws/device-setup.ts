import {
  AttachThingPrincipalCommand,
  CreateKeysAndCertificateCommand,
  CreateThingCommand,
} from "@aws-sdk/client-iot";
import { allowDevice } from "./device-policy.js";
import { nameOf } from "./errors.js";
import type { Iot } from "./iot.js";

/** PEM texts that a device proves with who it is. */
export interface DeviceIdentity {
  certificate: string;
  privateKey: string;
}

/** A thing that exists already stays as it is. */
export async function createThing({ client, call }: Iot, thingName: string): Promise<void> {
  await call({ doing: `create thing ${thingName}`, action: "iot:CreateThing" }, async (options) => {
    await client.send(new CreateThingCommand({ thingName }), options).catch((error: unknown) => {
      if (nameOf(error) !== "ResourceAlreadyExistsException") throw error;
    });
  });
}

/** A new active certificate, attached to the thing and to what a device may do. */
export async function createDeviceIdentity(iot: Iot, thingName: string): Promise<DeviceIdentity> {
  const { client, call } = iot;
  const doing = `make a certificate for ${thingName}`;
  const made = await call({ doing, action: "iot:CreateKeysAndCertificate" }, async (options) => {
    const made = await client.send(new CreateKeysAndCertificateCommand({ setAsActive: true }), options);
    const principal = made.certificateArn ?? "";
    await client.send(new AttachThingPrincipalCommand({ thingName, principal }), options);
    return made;
  });
  await allowDevice(iot, made.certificateArn ?? "");
  return { certificate: made.certificatePem ?? "", privateKey: made.keyPair?.PrivateKey ?? "" };
}
