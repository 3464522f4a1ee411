import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreatePolicyCommand,
  CreateProvisioningClaimCommand,
  CreateProvisioningTemplateCommand,
  DescribeCertificateCommand,
  IoTClient,
  ListCertificatesCommand,
  ListPrincipalThingsCommand,
} from "@aws-sdk/client-iot";
import { type Local, manualClock, startLocal } from "@fota/local";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Mqtt, StateStore } from "../src/index.js";
import { connectThing, type ProvisionOptions, provisionThing } from "../src/node/index.js";
import { type ProvisionPorts, provision } from "../src/node/provision.js";
import { type CutPoint, Power } from "../src/testing/power.js";
import { docBlock } from "./doc-block.js";

// Fleet provisioning by claim against the stand-in.

const POLICY = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "iot:*", Resource: "*" }] };
const TEMPLATE = {
  Parameters: { SerialNumber: { Type: "String" }, "AWS::IoT::Certificate::Id": { Type: "String" } },
  Resources: {
    thing: {
      Type: "AWS::IoT::Thing",
      Properties: { ThingName: { "Fn::Join": ["-", ["lamp", { Ref: "SerialNumber" }]] } },
    },
    certificate: {
      Type: "AWS::IoT::Certificate",
      Properties: { CertificateId: { Ref: "AWS::IoT::Certificate::Id" }, Status: "Active" },
    },
    policy: { Type: "AWS::IoT::Policy", Properties: { PolicyName: "lamps" } },
  },
  DeviceConfiguration: { region: "north" },
};
const REGISTRATION = { thingName: "lamp-7", deviceConfiguration: { region: "north" } };

let local: Local;
let clock: ReturnType<typeof manualClock>;
let cloud: IoTClient;
let dir: string;

beforeAll(async () => {
  clock = manualClock();
  local = await startLocal({ clock });
  cloud = new IoTClient({
    endpoint: local.endpoint,
    region: local.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  await cloud.send(new CreatePolicyCommand({ policyName: "lamps", policyDocument: JSON.stringify(POLICY) }));
  await cloud.send(
    new CreateProvisioningTemplateCommand({
      templateName: "lamps",
      templateBody: JSON.stringify(TEMPLATE),
      provisioningRoleArn: "arn:aws:iam::000000000000:role/provisioning",
      enabled: true,
    }),
  );
});

afterAll(() => local.stop());

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-provision-"));
});

afterEach(() => rm(dir, { recursive: true }));

/** Checks that the certificate is for the key, active, and attached to the thing. */
async function checkIdentity(certificatePem: string): Promise<void> {
  const certificateId = createHash("sha256").update(new X509Certificate(certificatePem).raw).digest("hex");
  const { certificateDescription } = await cloud.send(new DescribeCertificateCommand({ certificateId }));
  expect(certificateDescription?.status).toBe("ACTIVE");
  const principal = certificateDescription?.certificateArn ?? "";
  expect((await cloud.send(new ListPrincipalThingsCommand({ principal }))).things).toEqual(["lamp-7"]);
}

async function claimOptions(templateName = "lamps"): Promise<ProvisionOptions> {
  const claim = await cloud.send(new CreateProvisioningClaimCommand({ templateName }));
  return {
    url: local.mqtts,
    ca: local.caPem,
    claimCert: claim.certificatePem ?? "",
    claimKey: claim.keyPair?.PrivateKey ?? "",
    template: templateName,
    parameters: { SerialNumber: "7" },
    dir: join(dir, "identity"),
  };
}

test("the template of the device guide makes the thing that the guide names", async () => {
  const templateBody = await docBlock("device-guide.md", "json", "## Provisioning:");
  const policyDocument = JSON.stringify(POLICY);
  await cloud.send(new CreatePolicyCommand({ policyName: "fota-device", policyDocument }));
  const template = { templateName: "gateways", templateBody, enabled: true };
  const provisioningRoleArn = "arn:aws:iam::000000000000:role/provisioning";
  await cloud.send(new CreateProvisioningTemplateCommand({ ...template, provisioningRoleArn }));
  expect(await provisionThing(await claimOptions("gateways"))).toMatchObject({ thingName: "gateway-7" });
});

describe("provisionThing", () => {
  test("gives a device an identity that connects, and returns it from then on without a connection", async () => {
    const options = await claimOptions();
    const identity = await provisionThing(options);
    expect(identity).toEqual({
      ...REGISTRATION,
      cert: join(dir, "identity", "cert.pem"),
      key: join(dir, "identity", "key.pem"),
    });
    expect((await stat(identity.key)).mode & 0o777).toBe(0o600);
    const thing = await connectThing({ ...identity, url: local.mqtts, ca: local.caPem });
    await thing.disconnect();
    await checkIdentity(await readFile(identity.cert, "utf8"));

    expect(await provisionThing({ ...options, url: "mqtts://127.0.0.1:1" })).toEqual(identity);
  });

  test("is one run for two calls at once with the same folder", async () => {
    const options = await claimOptions();
    const same = { ...options, dir: `${options.dir}/../identity` };
    const [one, other] = await Promise.all([provisionThing(options), provisionThing(same)]);
    expect(other).toEqual(one);
    await checkIdentity(await readFile(one.cert, "utf8"));
    const { certificates = [] } = await cloud.send(new ListCertificatesCommand({ pageSize: 250 }));
    const key = createPublicKey(await readFile(one.key, "utf8"));
    const pems = await Promise.all(
      certificates.map(async ({ certificateId }) => {
        const { certificateDescription } = await cloud.send(
          new DescribeCertificateCommand({ certificateId: certificateId ?? "" }),
        );
        return certificateDescription?.certificatePem ?? "";
      }),
    );
    expect(pems.filter((pem) => new X509Certificate(pem).publicKey.equals(key))).toHaveLength(1);
  });

  test.each<[string, Partial<ProvisionOptions>]>([
    ["template", { template: "" }],
    ["template", { template: "a/b" }],
    ["dir", { dir: "" }],
    ["attempts", { attempts: Number.NaN }],
    ["attempts", { attempts: 0 }],
  ])("refuses a wrong %s before it connects: %j", async (name, wrong) => {
    const options = { claimCert: "x", claimKey: "x", template: "lamps", dir, url: "mqtts://127.0.0.1:1" };
    await expect(provisionThing({ ...options, ...wrong })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(new RegExp(`^${name} must be `)),
    });
  });

  test("gets a new certificate for a damaged one, with the same key", async () => {
    const options = await claimOptions();
    const { cert, key } = await provisionThing(options);
    const keyBefore = await readFile(key, "utf8");
    await writeFile(cert, "torn");
    await provisionThing(options);
    await checkIdentity(await readFile(cert, "utf8"));
    expect(await readFile(key, "utf8")).toBe(keyBefore);
  });

  test("does not try again what AWS IoT refuses, and names the cause", async () => {
    const refused = provisionThing({ ...(await claimOptions()), parameters: {} });
    await expect(refused).rejects.toMatchObject({
      code: "REQUEST_REJECTED",
      message: expect.stringContaining("400 InvalidParameters The parameter SerialNumber is missing"),
      hint: expect.stringContaining("check the provisioning template"),
    });
  });

  test("names the policy of the claim when it does not allow the template", async () => {
    const refused = provisionThing({ ...(await claimOptions()), template: "other" });
    await expect(refused).rejects.toMatchObject({
      code: "REQUEST_REJECTED",
      hint: "check that the policy of the claim certificate allows the topics of template other",
    });
  });

  test("gives up after its attempts when the endpoint cannot be reached", async () => {
    const options = { ...(await claimOptions()), url: "mqtts://127.0.0.1:1", attempts: 2 };
    await expect(provisionThing({ ...options, backoff: { baseMs: 1, maxMs: 1 } })).rejects.toMatchObject({
      code: "MQTT_UNREACHABLE",
      message: expect.stringContaining("the device is not provisioned after 2 attempts with template lamps"),
    });
  });
});

describe("a power cut", () => {
  /** The files of a device, in memory. Like the real ones, each is replaced atomically. */
  let disk: Map<string, string>;
  let open: Mqtt[];

  beforeEach(() => {
    disk = new Map();
    open = [];
  });

  afterEach(() => Promise.all(open.map((mqtt) => mqtt.disconnect())));

  function store(name: string, power: Power): StateStore {
    return {
      load: () => power.pass(`load ${name}`, () => Promise.resolve(disk.get(name))),
      save: (text) => power.pass(`save ${name}`, () => void disk.set(name, text)),
    };
  }

  /** Plain MQTT: this test is about the order of the steps, and connects some hundred times. */
  async function connect(power: Power): Promise<Mqtt> {
    const mqtt = await connectThing({
      thingName: "claim",
      url: local.mqtt,
      clientId: `claim-${open.length}`,
    });
    open.push(mqtt);
    return {
      thingName: mqtt.thingName,
      connect: () => mqtt.connect(),
      disconnect: () => power.pass("disconnect", () => mqtt.disconnect()),
      publish: (topic, payload) => power.pass(`publish ${topic}`, () => mqtt.publish(topic, payload)),
      subscribe: (topic, onMessage, onReconnect) =>
        power.pass(`subscribe ${topic}`, () =>
          mqtt.subscribe(topic, (payload) => power.isOff || onMessage(payload), onReconnect),
        ),
      unsubscribe: (topic) => mqtt.unsubscribe(topic),
    };
  }

  async function boot(power: Power): Promise<unknown> {
    const ports: ProvisionPorts = {
      files: { key: store("key", power), cert: store("cert", power), state: store("state", power) },
      connect: () => power.pass("connect", () => connect(power)),
      host: { sleep: () => Promise.resolve(), after: () => () => {}, next: () => 0 },
      log: () => {},
    };
    const plan = { template: "lamps", parameters: { SerialNumber: "7" } };
    return await Promise.race([provision(plan, ports), power.off]);
  }

  const cases = (["before", "after"] as CutPoint[]).flatMap((point) =>
    [0, 3_600_000].map((outageMs) => ({ point, outageMs })),
  );
  test.each(cases)("$point any step, for $outageMs ms, ends in an identity that works", async (each) => {
    const whole = new Power();
    expect(await boot(whole)).toEqual(REGISTRATION);
    expect(whole.trace).toContain("save cert");
    for (let cutAt = 1; cutAt <= whole.calls; cutAt += 1) {
      disk.clear();
      const first = await boot(new Power(cutAt, each.point));
      clock.advance(each.outageMs);
      const keyBefore = disk.get("key");
      const step = `cut ${each.point} ${whole.trace[cutAt - 1]}`;
      const power = new Power();
      expect(await boot(power), step).toEqual(REGISTRATION);
      if (keyBefore !== undefined) expect(disk.get("key"), step).toBe(keyBefore);
      await checkIdentity(disk.get("cert") ?? "");
      expect(await boot(new Power()), step).toEqual(REGISTRATION);
      expect(first === "power-cut" || cutAt === whole.calls, step).toBe(true);
    }
  });

  test("the key is durable before anything is sent, the certificate before it is registered", async () => {
    const power = new Power();
    await boot(power);
    const steps = power.trace.filter((step) => /^(save|publish)/.test(step));
    expect(steps).toEqual([
      "save key",
      "publish $aws/certificates/create-from-csr/json",
      "save state",
      "publish $aws/provisioning-templates/lamps/provision/json",
      "save cert",
      "save state",
    ]);
  });
});
