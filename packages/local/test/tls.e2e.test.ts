import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { request } from "node:https";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import {
  AttachPolicyCommand,
  CreateCertificateFromCsrCommand,
  CreatePolicyCommand,
  DeleteCertificateCommand,
  DetachThingPrincipalCommand,
  IoTClient,
  UpdateCertificateCommand,
} from "@aws-sdk/client-iot";
import { connectAsync, type IClientOptions } from "mqtt";
import { generate } from "mqtt-packet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as der from "../src/certificates/der.js";
import { type Local, type ProvisionedThing, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

let local: Local;
let stranger: ProvisionedThing;
let thing: ProvisionedThing;
const log: string[] = [];

beforeAll(async () => {
  local = await startLocal({ log: (line) => log.push(line) });
  thing = await local.provisionThing("t1");
  const other = await startLocal();
  stranger = await other.provisionThing("t1");
  await other.stop();
});

afterAll(() => local.stop());

function credentials(of: ProvisionedThing): { cert: string; key: string; ca: string } {
  return { cert: of.certificatePem, key: of.privateKeyPem, ca: local.caPem };
}

async function handshake(url: string, options: ConnectionOptions): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  const socket = connectTls({ host: hostname, port: Number(port), ca: local.caPem, ...options });
  await once(socket, "secureConnect");
  return socket;
}

test("a device can connect with a certificate for its own key, from a signing request", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const info = der.sequence(
    der.integer(Buffer.from([0])),
    der.sequence(),
    publicKey.export({ type: "spki", format: "der" }),
    der.context(0),
  );
  const algorithm = der.sequence(der.objectId("1.2.840.10045.4.3.2"));
  const request = der.sequence(info, algorithm, der.bitString(sign("sha256", info, privateKey)));
  const iot = iotClientOf(local);
  const pem = (body: string) =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----`;
  const create = (certificateSigningRequest: string) =>
    iot.send(new CreateCertificateFromCsrCommand({ certificateSigningRequest, setAsActive: true }));

  const { certificatePem = "" } = await create(pem(request.toString("base64")));
  expect(new X509Certificate(certificatePem).subject).toContain("CN=AWS IoT Certificate");
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const options = { ca: local.caPem, cert: certificatePem, key, clientId: "own-key", reconnectPeriod: 0 };
  const client = await connectAsync(local.mqtts, options, false);
  await client.endAsync();

  await expect(create(pem("AAAA"))).rejects.toMatchObject({ name: "InvalidRequestException" });
});

describe("mutual TLS", () => {
  test.each([
    { protocolVersion: 4, host: "127.0.0.1" },
    { protocolVersion: 5, host: "localhost" },
  ] as const)(
    "lets a registered certificate in: level $protocolVersion on $host",
    async ({ protocolVersion, host }) => {
      const url = `mqtts://${host}:${new URL(local.mqtts).port}`;
      const client = await connectAsync(url, { ...credentials(thing), protocolVersion, reconnectPeriod: 0 });
      expect(client.connected).toBe(true);
      await client.endAsync();
    },
  );

  test("refuses a client without a certificate, and one with another CA's", async () => {
    for (const options of [{ ca: local.caPem }, credentials(stranger)]) {
      const refused = connectAsync(local.mqtts, { ...options, reconnectPeriod: 0 } as IClientOptions, false);
      await expect(refused).rejects.toThrow();
    }
    await expect.poll(() => log.filter((line) => /^mqtts: client at .* refused/.test(line))).toHaveLength(2);
  });

  test.each([4, 5] as const)(
    "refuses at CONNECT a certificate that is INACTIVE (level %i)",
    async (protocolVersion) => {
      const retired = await local.provisionThing("retired");
      const iot = new IoTClient({
        endpoint: local.endpoint,
        region: local.region,
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
      });
      const { certificateId } = retired;
      await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: "INACTIVE" }));
      iot.destroy();
      const options = { ...credentials(retired), protocolVersion, reconnectPeriod: 0 };
      await expect(connectAsync(local.mqtts, options, false)).rejects.toThrow("Not authorized");
      expect(log.at(-1)).toContain(`the certificate ${certificateId} is INACTIVE`);
    },
  );

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "speaks %s, with AWS's ALPN name or without, without SNI",
    async (version) => {
      for (const ALPNProtocols of [["x-amzn-mqtt-ca"], undefined]) {
        const { cert, key } = credentials(thing);
        const options = { cert, key, minVersion: version, maxVersion: version };
        const socket = await handshake(local.mqtts, ALPNProtocols ? { ...options, ALPNProtocols } : options);
        expect(socket.getProtocol()).toBe(version);
        expect(socket.authorized).toBe(true);
        expect(socket.servername || "none").toBe("none");
        socket.destroy();
      }
    },
  );

  test("refuses TLS 1.1", async () => {
    const options = { ...credentials(thing), minVersion: "TLSv1.1", maxVersion: "TLSv1.1" } as const;
    await expect(handshake(local.mqtts, { ...options, ciphers: "DEFAULT@SECLEVEL=0" })).rejects.toThrow();
  });
});

describe("a resumed session", () => {
  const limits = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;

  /** Connects with a certificate; returns the session, which a later connection can resume. */
  async function sessionOf(holder: ProvisionedThing): Promise<Buffer> {
    const { hostname, port } = new URL(local.mqtts);
    const socket = connectTls({ host: hostname, port: Number(port), ...credentials(holder), ...limits });
    const [session] = await once(socket.resume(), "session");
    socket.destroy();
    return session;
  }

  /** Resumes the session without any certificate, sends a CONNECT, and returns the code of the CONNACK. */
  async function resume(session: Buffer, clientId: string): Promise<number> {
    const socket = await handshake(local.mqtts, { ...limits, session });
    expect(socket.isSessionReused()).toBe(true);
    socket.write(generate({ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, clientId }));
    const [connack] = await once(socket, "data");
    socket.destroy();
    return connack[3];
  }

  test("is not one of TLS 1.3, which takes a whole handshake again", async () => {
    const holder = await local.provisionThing("resumed");
    const tls13 = { ...credentials(holder), minVersion: "TLSv1.3", maxVersion: "TLSv1.3" } as const;
    const first = await handshake(local.mqtts, tls13);
    const [session] = await once(first.resume(), "session");
    first.destroy();
    const second = await handshake(local.mqtts, { ...tls13, session });
    expect(second.isSessionReused()).toBe(false);
    second.destroy();
  });

  test("has the certificate of the first connection, and its policies", async () => {
    const holder = await local.provisionThing("resumed");
    const iot = iotClientOf(local);
    const session = await sessionOf(holder);
    expect(await resume(session, "any")).toBe(0);

    const policyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "iot:Connect", Resource: "arn:aws:iot:*:*:client/own" }],
    });
    const policyName = "only-own";
    const target = `arn:aws:iot:us-east-1:000000000000:cert/${holder.certificateId}`;
    await iot.send(new CreatePolicyCommand({ policyName, policyDocument }));
    await iot.send(new AttachPolicyCommand({ policyName, target }));
    expect(await resume(session, "any")).toBe(5);
    expect(await resume(session, "own")).toBe(0);
  });

  test.each(["INACTIVE", "REVOKED"] as const)(
    "does not let a certificate in that is %s now",
    async (newStatus) => {
      const holder = await local.provisionThing("resumed");
      const { certificateId } = holder;
      const session = await sessionOf(holder);
      await iotClientOf(local).send(new UpdateCertificateCommand({ certificateId, newStatus }));
      expect(await resume(session, "any")).toBe(5);
      expect(log.at(-1)).toContain(`the certificate ${certificateId} is ${newStatus}`);
    },
  );

  test("does not let a certificate in that was deleted", async () => {
    const holder = await local.provisionThing("resumed");
    const { certificateId } = holder;
    const iot = iotClientOf(local);
    const session = await sessionOf(holder);
    await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: "INACTIVE" }));
    const principal = `arn:aws:iot:us-east-1:000000000000:cert/${certificateId}`;
    await iot.send(new DetachThingPrincipalCommand({ thingName: "resumed", principal }));
    await iot.send(new DeleteCertificateCommand({ certificateId, forceDelete: true }));
    expect(await resume(session, "any")).toBe(5);
    expect(log.at(-1)).toContain(`the certificate ${certificateId} is not registered`);
  });
});

describe("HTTPS", () => {
  async function get(
    path: string,
    options: ConnectionOptions = {},
  ): Promise<{ status: number; body: unknown }> {
    const sent = request(`${local.https}${path}`, { ca: local.caPem, agent: false, ...options });
    sent.end();
    const [response] = await once(sent, "response");
    let text = "";
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode, body: JSON.parse(text) };
  }

  test("is trusted by clients that trust the CA", async () => {
    expect(await get("/_fota/health")).toEqual({ status: 200, body: { status: "ok" } });
  });

  test("answers a device with a certificate as iot-jobs-data", async () => {
    const { status, body } = await get("/things/t1/jobs", credentials(thing));
    expect({ status, body }).toEqual({ status: 200, body: { inProgressJobs: [], queuedJobs: [] } });
  });

  test("ignores a certificate of another CA", async () => {
    const { body } = await get("/things/t1/jobs", credentials(stranger));
    expect(body).not.toHaveProperty("inProgressJobs");
  });
});
