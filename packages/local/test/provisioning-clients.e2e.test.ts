/** Fleet provisioning by claim, with clients that know nothing of fota. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  CreatePolicyCommand,
  CreateProvisioningClaimCommand,
  CreateProvisioningTemplateCommand,
  DescribeThingCommand,
  type IoTClient,
} from "@aws-sdk/client-iot";
import { iotidentity, mqtt } from "aws-iot-device-sdk-v2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { connectMqtt311 } from "./support/device-sdk.js";
import { iotClientOf } from "./support/iot-client.js";

const run = promisify(execFile);
/** Debian's package belongs to Debian's Python, which may not be the first one on PATH. */
const python = ["python3", "/usr/bin/python3"].find(
  (command) => spawnSync(command, ["-c", "import paho.mqtt.client"]).status === 0,
);
if (python === undefined) console.warn("skipped: Paho is not installed (Debian: python3-paho-mqtt)");
const openssl = spawnSync("openssl", ["version"]).status === 0;
if (!openssl) console.warn("skipped: openssl is not installed (Debian: openssl)");

const TEMPLATE = {
  Parameters: { SerialNumber: { Type: "String" }, "AWS::IoT::Certificate::Id": { Type: "String" } },
  Resources: {
    thing: {
      Type: "AWS::IoT::Thing",
      Properties: { ThingName: { "Fn::Join": ["", ["lamp-", { Ref: "SerialNumber" }]] } },
    },
    certificate: {
      Type: "AWS::IoT::Certificate",
      Properties: { CertificateId: { Ref: "AWS::IoT::Certificate::Id" }, Status: "Active" },
    },
    policy: { Type: "AWS::IoT::Policy", Properties: { PolicyName: "lamps" } },
  },
  DeviceConfiguration: { url: "https://north.example" },
};

let local: Local;
let cloud: IoTClient;

beforeAll(async () => {
  local = await startLocal({ strict: true });
  cloud = iotClientOf(local);
  const statement = { Effect: "Allow", Action: "iot:*", Resource: "*" };
  const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await cloud.send(new CreatePolicyCommand({ policyName: "lamps", policyDocument }));
  await cloud.send(
    new CreateProvisioningTemplateCommand({
      templateName: "fleet",
      templateBody: JSON.stringify(TEMPLATE),
      provisioningRoleArn: "arn:aws:iam::000000000000:role/provisioning",
      enabled: true,
    }),
  );
});

afterAll(async () => {
  cloud?.destroy();
  await local?.stop();
});

async function createClaim(): Promise<{ cert: string; key: string }> {
  const claim = await cloud.send(new CreateProvisioningClaimCommand({ templateName: "fleet" }));
  return { cert: claim.certificatePem ?? "", key: claim.keyPair?.PrivateKey ?? "" };
}

/** Resolves with the first answer that the callback API of the older client delivers. Rejects if it is an error. */
async function answerOf<T>(
  subscribe: (answered: (error: unknown, answer?: T) => void) => Promise<unknown>[],
  publish: () => Promise<unknown>,
): Promise<T> {
  let answered: (error: unknown, answer?: T) => void = () => {};
  const answer = new Promise<T>((resolve, reject) => {
    answered = (error, value) => (value === undefined ? reject(error) : resolve(value));
  });
  await Promise.all(subscribe(answered));
  const [received] = await Promise.all([answer, publish()]);
  return received;
}

test("the older IotIdentityClient of AWS's device SDK", async () => {
  const { cert, key } = await createClaim();
  const connection = await connectMqtt311(local, "claim-1", { certificatePem: cert, privateKeyPem: key });
  const identity = new iotidentity.IotIdentityClient(connection);
  const { AtLeastOnce } = mqtt.QoS;

  const created = await answerOf<iotidentity.model.CreateKeysAndCertificateResponse>(
    (answered) => [
      identity.subscribeToCreateKeysAndCertificateAccepted({}, AtLeastOnce, answered),
      identity.subscribeToCreateKeysAndCertificateRejected({}, AtLeastOnce, (_, refusal) =>
        answered(refusal),
      ),
    ],
    () => identity.publishCreateKeysAndCertificate({}, AtLeastOnce),
  );
  const register = (parameters: Record<string, string>) => {
    const request = {
      templateName: "fleet",
      certificateOwnershipToken: created.certificateOwnershipToken ?? "",
      parameters,
    };
    return answerOf<iotidentity.model.RegisterThingResponse>(
      (answered) => [
        identity.subscribeToRegisterThingAccepted(request, AtLeastOnce, answered),
        identity.subscribeToRegisterThingRejected(request, AtLeastOnce, (_, refusal) => answered(refusal)),
      ],
      () => identity.publishRegisterThing(request, AtLeastOnce),
    );
  };
  await expect(register({})).rejects.toEqual({
    statusCode: 400,
    errorCode: "InvalidParameters",
    errorMessage: "The parameter SerialNumber is missing",
  });
  expect(await register({ SerialNumber: "1" })).toEqual({
    thingName: "lamp-1",
    deviceConfiguration: { url: "https://north.example" },
  });
  await connection.disconnect();

  const device = await connectMqtt311(local, "lamp-1", {
    certificatePem: created.certificatePem ?? "",
    privateKeyPem: created.privateKey ?? "",
  });
  await device.disconnect();
});

describe.skipIf(python === undefined || !openssl)("a Python program with Paho", () => {
  test.each([
    {
      serial: "2",
      how: "with keys from AWS, by MQTT 3.1.1",
      csr: false,
      secret: ["privateKey"],
      connected: "0",
    },
    { serial: "3", how: "with its own key, by MQTT 5", csr: true, secret: [], connected: "Success" },
  ])("$how", async ({ serial, csr, secret, connected }) => {
    const folder = await mkdtemp(join(tmpdir(), "fota-provision-"));
    try {
      const { cert, key } = await createClaim();
      await writeFile(join(folder, "ca.pem"), local.caPem);
      await writeFile(join(folder, "claim.pem"), cert);
      await writeFile(join(folder, "claim.key"), key, { mode: 0o600 });
      const request = join(folder, "device.csr");
      const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=lamp"];
      if (csr)
        await run("openssl", ["req", "-new", ...ec, "-keyout", join(folder, "device.key"), "-out", request]);
      const script = fileURLToPath(new URL("./provision-by-claim.py", import.meta.url));
      const { port } = new URL(local.mqtts);
      const args = [script, port, folder, "fleet", serial, ...(csr ? [request] : [])];
      const { stdout } = await run(`${python}`, args, { timeout: 120_000 });
      expect(JSON.parse(stdout)).toEqual({
        created: ["certificateId", "certificateOwnershipToken", "certificatePem", ...secret],
        refused: ["rejected", expect.objectContaining({ errorCode: "InvalidParameters", statusCode: 400 })],
        registered: [
          "accepted",
          { thingName: `lamp-${serial}`, deviceConfiguration: { url: "https://north.example" } },
        ],
        connected,
        jobs: [
          "accepted",
          { clientToken: "one", timestamp: expect.any(Number), inProgressJobs: [], queuedJobs: [] },
        ],
      });
      const thing = await cloud.send(new DescribeThingCommand({ thingName: `lamp-${serial}` }));
      expect(thing.thingName).toBe(`lamp-${serial}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
