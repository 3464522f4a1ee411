import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AttachPolicyCommand,
  CreatePolicyCommand,
  CreateProvisioningClaimCommand,
  CreateProvisioningTemplateCommand,
  CreateProvisioningTemplateVersionCommand,
  DeleteProvisioningTemplateCommand,
  DescribeCertificateCommand,
  DescribeProvisioningTemplateCommand,
  DescribeThingCommand,
  type IoTClient,
  ListAttachedPoliciesCommand,
  ListProvisioningTemplatesCommand,
  ListProvisioningTemplateVersionsCommand,
  ListThingPrincipalsCommand,
  UpdateProvisioningTemplateCommand,
} from "@aws-sdk/client-iot";
import { iot, iotidentity, mqtt5 } from "aws-iot-device-sdk-v2";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Local, type LocalOptions, manualClock, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

// Fleet provisioning with AWS's own clients: the SDK for the control plane, the device SDK over mutual TLS.

const ARN = "arn:aws:iot:us-east-1:000000000000:";
const ROLE = "arn:aws:iam::000000000000:role/provisioning";

const BODY = {
  Parameters: { SerialNumber: { Type: "String" }, "AWS::IoT::Certificate::Id": { Type: "String" } },
  Mappings: { Zones: { north: { url: "https://north.example" } } },
  Resources: {
    thing: {
      Type: "AWS::IoT::Thing",
      Properties: {
        ThingName: { "Fn::Join": ["", ["lamp-", { Ref: "SerialNumber" }]] },
        AttributePayload: { serial: { Ref: "SerialNumber" } },
      },
      OverrideSettings: { AttributePayload: "MERGE" },
    },
    certificate: {
      Type: "AWS::IoT::Certificate",
      Properties: { CertificateId: { Ref: "AWS::IoT::Certificate::Id" }, Status: "Active" },
    },
    policy: { Type: "AWS::IoT::Policy", Properties: { PolicyName: "lamps" } },
  },
  DeviceConfiguration: { url: { "Fn::FindInMap": ["Zones", "north", "url"] } },
};

/** Made by `openssl req -new` with a key on P-256. */
const CSR = `-----BEGIN CERTIFICATE REQUEST-----
MIHJMHECAQAwDzENMAsGA1UEAwwEbGFtcDBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABAW6b2TiR4dDrHX08IIBrD/TRbuI6ztpGVjCnHAi8w/2GGMLb6R/q6oiiqIs
eoCvwUdjMek1nLBDIC4vyNxAAa2gADAKBggqhkjOPQQDAgNIADBFAiBiyFSNghO5
p8DkqfqNWwHWg1ULt+2Rw3s1tDNtM5iGqgIhAMhdyaeG3do2/8Xrk1z/lujGFBDM
nXywuD0qpwmka6Ih
-----END CERTIFICATE REQUEST-----
`;

let local: Local;
let cloud: IoTClient;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(() => start());

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await local.stop();
});

async function start(options: LocalOptions = {}): Promise<void> {
  local = await startLocal({ strict: true, ...options });
  cloud = iotClientOf(local);
}

async function createTemplate(templateName = "fleet", body: object = BODY): Promise<void> {
  const document = { Effect: "Allow", Action: "iot:*", Resource: "*" };
  const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [document] });
  await cloud.send(new CreatePolicyCommand({ policyName: "lamps", policyDocument }));
  const templateBody = JSON.stringify(body);
  await cloud.send(
    new CreateProvisioningTemplateCommand({
      templateName,
      templateBody,
      provisioningRoleArn: ROLE,
      enabled: true,
    }),
  );
}

interface Credentials {
  certificatePem: string;
  privateKeyPem: string;
}

async function createClaim(templateName = "fleet"): Promise<Credentials> {
  const claim = await cloud.send(new CreateProvisioningClaimCommand({ templateName }));
  return { certificatePem: claim.certificatePem ?? "", privateKeyPem: claim.keyPair?.PrivateKey ?? "" };
}

async function connect({ certificatePem, privateKeyPem }: Credentials) {
  const { hostname, port } = new URL(local.mqtts);
  const config = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromMemory(
    hostname,
    certificatePem,
    privateKeyPem,
  )
    .withPort(Number(port))
    .withCertificateAuthority(local.caPem)
    .build();
  const client = new mqtt5.Mqtt5Client(config);
  const connected = once(client, mqtt5.Mqtt5Client.CONNECTION_SUCCESS);
  client.start();
  await connected;
  const identity = iotidentity.IotIdentityClientv2.newFromMqtt5(client, {
    maxRequestResponseSubscriptions: 6,
    maxStreamingSubscriptions: 2,
    operationTimeoutInSeconds: 10,
  });
  closers.push(async () => {
    identity.close();
    const stopped = once(client, mqtt5.Mqtt5Client.STOPPED);
    client.stop();
    await stopped;
    client.close();
  });
  return identity;
}

test("AWS's device SDK provisions a thing with keys from AWS, and its certificate works", async () => {
  await createTemplate();
  const identity = await connect(await createClaim());
  const created = await identity.createKeysAndCertificate({});
  const certificateId = created.certificateId ?? "";
  const pending = await cloud.send(new DescribeCertificateCommand({ certificateId }));
  expect(pending.certificateDescription?.status).toBe("PENDING_ACTIVATION");

  const registered = await identity.registerThing({
    templateName: "fleet",
    certificateOwnershipToken: created.certificateOwnershipToken ?? "",
    parameters: { SerialNumber: "7" },
  });
  expect(registered).toEqual({ thingName: "lamp-7", deviceConfiguration: { url: "https://north.example" } });
  const thing = await cloud.send(new DescribeThingCommand({ thingName: "lamp-7" }));
  expect(thing.attributes).toEqual({ serial: "7" });
  const target = `${ARN}cert/${certificateId}`;
  const { policies } = await cloud.send(new ListAttachedPoliciesCommand({ target }));
  expect(policies?.map(({ policyName }) => policyName)).toEqual(["lamps"]);
  expect((await cloud.send(new ListThingPrincipalsCommand({ thingName: "lamp-7" }))).principals).toEqual([
    target,
  ]);

  const device = await connectAsync(local.mqtts, {
    clientId: "lamp-7",
    cert: created.certificatePem ?? "",
    key: created.privateKey ?? "",
    ca: local.caPem,
    reconnectPeriod: 0,
  });
  await device.endAsync();
});

test("AWS's device SDK provisions a thing with a key of the device", async () => {
  await createTemplate();
  const identity = await connect(await createClaim());
  const refused = identity.createCertificateFromCsr({ certificateSigningRequest: "not a request" });
  await expect(refused).rejects.toMatchObject({
    modeledError: { statusCode: 400, errorCode: "InvalidRequest" },
  });
  const created = await identity.createCertificateFromCsr({ certificateSigningRequest: CSR });
  const registered = await identity.registerThing({
    templateName: "fleet",
    certificateOwnershipToken: created.certificateOwnershipToken ?? "",
    parameters: { SerialNumber: "8" },
  });
  expect(registered.thingName).toBe("lamp-8");
});

test("a registration is refused with AWS's shape, and the same one again gives the same thing", async () => {
  await createTemplate();
  const identity = await connect(await createClaim());
  const { certificateOwnershipToken = "" } = await identity.createKeysAndCertificate({});
  const register = (token: string, parameters = { SerialNumber: "7" } as Record<string, string>) =>
    identity.registerThing({ templateName: "fleet", certificateOwnershipToken: token, parameters });

  await expect(register("")).rejects.toMatchObject({
    modeledError: {
      statusCode: 400,
      errorCode: "InvalidCertificateOwnershipToken",
      errorMessage: "Certificate ownership token cannot be empty.",
    },
  });
  await expect(register(certificateOwnershipToken, {})).rejects.toMatchObject({
    modeledError: {
      statusCode: 400,
      errorCode: "InvalidParameters",
      errorMessage: "The parameter SerialNumber is missing",
    },
  });
  const first = await register(certificateOwnershipToken);
  expect(await register(certificateOwnershipToken)).toEqual(first);

  const other = await connect(await createClaim());
  const stolen = other.registerThing({ templateName: "fleet", certificateOwnershipToken, parameters: {} });
  await expect(stolen).rejects.toMatchObject({
    modeledError: { errorCode: "InvalidCertificateOwnershipToken" },
  });
  await cloud.send(new UpdateProvisioningTemplateCommand({ templateName: "fleet", enabled: false }));
  await expect(register(certificateOwnershipToken)).rejects.toMatchObject({
    modeledError: { errorMessage: "Provisioning template fleet is not enabled" },
  });
});

test("a claim certificate is held to its policy", async () => {
  await createTemplate();
  const claim = await createClaim();
  const options = {
    cert: claim.certificatePem,
    key: claim.privateKeyPem,
    ca: local.caPem,
    protocolVersion: 5,
    reconnectPeriod: 0,
  } as const;
  /** Publishes and returns the DISCONNECT of the broker. */
  const disconnectAfter = async (topic: string) => {
    const client = await connectAsync(local.mqtts, options);
    closers.push(() => client.endAsync(true));
    const disconnected = new Promise((resolve) => client.once("disconnect", resolve));
    client.publish(topic, "{}");
    return await disconnected;
  };
  const ofOther = await disconnectAfter("$aws/provisioning-templates/other/provision/json");
  expect(ofOther).toMatchObject({ reasonCode: 0x87 });
  expect(await disconnectAfter("$aws/certificates/create/cbor")).toMatchObject({
    reasonCode: 0x90,
    properties: { reasonString: expect.stringContaining("does not support CBOR") },
  });
});

test("claims expire after five minutes, ownership tokens after an hour", async () => {
  await local.stop();
  const clock = manualClock();
  await start({ clock, strict: false });
  await createTemplate();
  const claim = await createClaim();
  const identity = await connect(claim);
  const created = await identity.createKeysAndCertificate({});
  clock.advance(3_600_000);
  const late = identity.registerThing({
    templateName: "fleet",
    certificateOwnershipToken: created.certificateOwnershipToken ?? "",
    parameters: { SerialNumber: "7" },
  });
  await expect(late).rejects.toMatchObject({
    modeledError: { errorCode: "InvalidCertificateOwnershipToken" },
  });
  await identity.createKeysAndCertificate({});
  const { certificateId = "" } = created;
  await expect(cloud.send(new DescribeCertificateCommand({ certificateId }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
  const again = connectAsync(local.mqtts, {
    cert: claim.certificatePem,
    key: claim.privateKeyPem,
    ca: local.caPem,
    reconnectPeriod: 0,
  });
  await expect(again).rejects.toThrow();
});

test("templates have versions, and survive a restart with their claims and tokens", async () => {
  await local.stop();
  const dir = await mkdtemp(join(tmpdir(), "fota-provisioning-"));
  closers.push(() => rm(dir, { recursive: true }));
  await start({ dir });
  await createTemplate();
  const templateName = "fleet";
  const changed = { ...BODY, DeviceConfiguration: { url: "second" } };
  const version = await cloud.send(
    new CreateProvisioningTemplateVersionCommand({
      templateName,
      templateBody: JSON.stringify(changed),
      setAsDefault: true,
    }),
  );
  expect(version).toMatchObject({ versionId: 2, isDefaultVersion: true });
  const claim = await createClaim();
  const before = await connect(claim);
  const { certificateOwnershipToken = "" } = await before.createKeysAndCertificate({});
  await closers.pop()?.();
  await local.stop();

  await start({ dir });
  expect(await cloud.send(new DescribeProvisioningTemplateCommand({ templateName }))).toMatchObject({
    templateArn: `${ARN}provisioningtemplate/fleet`,
    enabled: true,
    defaultVersionId: 2,
    provisioningRoleArn: ROLE,
    type: "FLEET_PROVISIONING",
    templateBody: JSON.stringify(changed),
  });
  const { templates } = await cloud.send(new ListProvisioningTemplatesCommand({}));
  expect(templates?.map((each) => each.templateName)).toEqual(["fleet"]);
  const { versions } = await cloud.send(new ListProvisioningTemplateVersionsCommand({ templateName }));
  expect(versions).toMatchObject([
    { versionId: 1, isDefaultVersion: false },
    { versionId: 2, isDefaultVersion: true },
  ]);
  await expect(cloud.send(new DeleteProvisioningTemplateCommand({ templateName }))).rejects.toMatchObject({
    name: "DeleteConflictException",
  });
  const identity = await connect(claim);
  const registered = await identity.registerThing({
    templateName,
    certificateOwnershipToken,
    parameters: { SerialNumber: "7" },
  });
  expect(registered.deviceConfiguration).toEqual({ url: "second" });
});

test("an ordinary certificate with a claim policy provisions too", async () => {
  await createTemplate();
  const { certificateId, ...claim } = await local.provisionThing("claim");
  await cloud.send(new AttachPolicyCommand({ policyName: "lamps", target: `${ARN}cert/${certificateId}` }));
  const identity = await connect(claim);
  const { certificateOwnershipToken = "" } = await identity.createKeysAndCertificate({});
  const parameters = { SerialNumber: "9" };
  const registered = await identity.registerThing({
    templateName: "fleet",
    certificateOwnershipToken,
    parameters,
  });
  expect(registered.thingName).toBe("lamp-9");
});
