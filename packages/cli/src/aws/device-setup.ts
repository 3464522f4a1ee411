import {
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
} from "@aws-sdk/client-iot";
import { allowDevice } from "./device-policy.js";
import { nameOf } from "./errors.js";
import type { Iot } from "./iot.js";
import { required } from "./required.js";
import { makeKeyWithRequest } from "./signing-request.js";

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

/** Makes a new active certificate for a key pair that is made here, attached to the thing and to what a device may do. */
export async function createDeviceIdentity(iot: Iot, thingName: string): Promise<DeviceIdentity> {
  const { client, call } = iot;
  const { privateKey, signingRequest } = await makeKeyWithRequest();
  const doing = `make a certificate for ${thingName}`;
  const request = { certificateSigningRequest: signingRequest, setAsActive: true };
  const made = await call({ doing, action: "iot:CreateCertificateFromCsr" }, (options) =>
    client.send(new CreateCertificateFromCsrCommand(request), options),
  );
  const principal = required(made.certificateArn, "certificateArn");
  await call({ doing, action: "iot:AttachThingPrincipal" }, (options) =>
    client.send(new AttachThingPrincipalCommand({ thingName, principal }), options),
  );
  await allowDevice(iot, principal);
  return { certificate: required(made.certificatePem, "certificatePem"), privateKey };
}
