import {
  AttachThingPrincipalCommand,
  CreateKeysAndCertificateCommand,
  CreateThingCommand,
  DeleteCertificateCommand,
  DeleteThingCommand,
  DescribeCertificateCommand,
  DetachThingPrincipalCommand,
  type IoTClient,
  ListPrincipalThingsCommand,
  ListThingPrincipalsCommand,
  UpdateCertificateCommand,
} from "@aws-sdk/client-iot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

// The life of a certificate, asked by the official client; how devices connect with one is in tls.e2e.test.ts.

let local: Local;
let iot: IoTClient;

beforeEach(async () => {
  local = await startLocal();
  iot = iotClientOf(local);
});

afterEach(() => local.stop());

test("a certificate goes in the order that AWS asks for: detached, INACTIVE, deleted", async () => {
  await iot.send(new CreateThingCommand({ thingName: "t1" }));
  const made = await iot.send(new CreateKeysAndCertificateCommand({ setAsActive: true }));
  const { certificateId = "", certificateArn: principal = "" } = made;
  await iot.send(new AttachThingPrincipalCommand({ thingName: "t1", principal }));
  expect((await iot.send(new ListThingPrincipalsCommand({ thingName: "t1" }))).principals).toEqual([
    principal,
  ]);
  expect((await iot.send(new ListPrincipalThingsCommand({ principal }))).things).toEqual(["t1"]);
  const remove = () => iot.send(new DeleteCertificateCommand({ certificateId }));
  const set = (newStatus: "INACTIVE" | "REVOKED") =>
    iot.send(new UpdateCertificateCommand({ certificateId, newStatus }));

  await expect(iot.send(new DeleteThingCommand({ thingName: "t1" }))).rejects.toMatchObject({
    name: "InvalidRequestException",
  });
  await expect(remove()).rejects.toMatchObject({
    name: "CertificateStateException",
    $metadata: { httpStatusCode: 406 },
  });
  await set("INACTIVE");
  await expect(remove()).rejects.toMatchObject({ name: "DeleteConflictException" });
  await iot.send(new DetachThingPrincipalCommand({ thingName: "t1", principal }));
  await set("REVOKED");
  const { certificateDescription } = await iot.send(new DescribeCertificateCommand({ certificateId }));
  expect(certificateDescription).toMatchObject({ certificateId, status: "REVOKED" });
  await remove();
  await expect(iot.send(new DescribeCertificateCommand({ certificateId }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
});
