import { X509Certificate } from "node:crypto";
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
  ListPrincipalThingsV2Command,
  ListThingPrincipalsCommand,
  ListThingPrincipalsV2Command,
  UpdateCertificateCommand,
} from "@aws-sdk/client-iot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

// The operations on certificates, with the official client. Devices that connect with one are in tls.e2e.test.ts.

let local: Local;
let iot: IoTClient;

beforeEach(async () => {
  local = await startLocal();
  iot = iotClientOf(local);
});

afterEach(() => local.stop());

test("a certificate is described with its validity, owner and versions", async () => {
  const { certificateId = "", certificatePem = "" } = await iot.send(
    new CreateKeysAndCertificateCommand({ setAsActive: true }),
  );
  const describe = async () =>
    (await iot.send(new DescribeCertificateCommand({ certificateId }))).certificateDescription;
  const { validFrom, validTo } = new X509Certificate(certificatePem);
  const first = await describe();
  expect(first).toEqual({
    certificateArn: `arn:aws:iot:us-east-1:000000000000:cert/${certificateId}`,
    certificateId,
    certificatePem,
    status: "ACTIVE",
    ownedBy: "000000000000",
    creationDate: expect.any(Date),
    lastModifiedDate: expect.any(Date),
    customerVersion: 1,
    transferData: {},
    generationId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
    validity: { notBefore: new Date(validFrom), notAfter: new Date(validTo) },
    certificateMode: "DEFAULT",
  });
  await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: "INACTIVE" }));
  expect(await describe()).toMatchObject({ customerVersion: 2, generationId: first?.generationId });
});

test("attachments are listed with their type, page by page", async () => {
  for (const thingName of ["t1", "t2"]) await iot.send(new CreateThingCommand({ thingName }));
  const { certificateArn: principal = "" } = await iot.send(new CreateKeysAndCertificateCommand({}));
  const thingPrincipalType = "NON_EXCLUSIVE_THING";
  for (const thingName of ["t1", "t2"]) {
    await iot.send(new AttachThingPrincipalCommand({ thingName, principal, thingPrincipalType }));
  }
  expect(
    (await iot.send(new ListThingPrincipalsV2Command({ thingName: "t1" }))).thingPrincipalObjects,
  ).toEqual([{ principal, thingPrincipalType }]);
  const first = await iot.send(new ListPrincipalThingsV2Command({ principal, maxResults: 1 }));
  expect(first.principalThingObjects).toEqual([{ thingName: "t1", thingPrincipalType }]);
  const { nextToken } = first;
  const rest = await iot.send(new ListPrincipalThingsV2Command({ principal, thingPrincipalType, nextToken }));
  expect(rest.principalThingObjects).toEqual([{ thingName: "t2", thingPrincipalType }]);
  const exclusive = { principal, thingPrincipalType: "EXCLUSIVE_THING" } as const;
  expect(await iot.send(new ListPrincipalThingsV2Command(exclusive))).toMatchObject({
    principalThingObjects: [],
  });
  await expect(
    iot.send(new AttachThingPrincipalCommand({ thingName: "t1", ...exclusive })),
  ).rejects.toMatchObject({
    message: expect.stringContaining("does not support thingPrincipalType EXCLUSIVE_THING"),
  });
  await expect(iot.send(new ListThingPrincipalsV2Command({ thingName: "nobody" }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
});

test("a certificate can only be deleted after it is detached and INACTIVE, as at AWS", async () => {
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
