/** Certificates of other CAs (RegisterCertificateWithoutCA), made by `openssl`, with independent clients over TLS. */
import { execFile, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  AttachThingPrincipalCommand,
  CreateThingCommand,
  DescribeCertificateCommand,
  type IoTClient,
  ListCertificatesCommand,
  RegisterCertificateWithoutCACommand,
  UpdateCertificateCommand,
} from "@aws-sdk/client-iot";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCertificate, certificatePem as toPem } from "../src/certificates/x509.js";
import { type Local, startLocal } from "../src/index.js";
import { connectMqtt311 } from "./support/device-sdk.js";
import { iotClientOf } from "./support/iot-client.js";

const run = promisify(execFile);
const has = (command: string) => spawnSync(command, ["--help"]).error === undefined;
const hasTools = has("openssl") && has("curl");
if (!hasTools) console.warn("skipped: openssl or curl is not installed (Debian: openssl, curl)");

interface Made {
  certificatePem: string;
  privateKeyPem: string;
  files: string[];
}

describe.skipIf(!hasTools)("a certificate of another CA", () => {
  const log: string[] = [];
  let dir: string;
  let local: Local;
  let iot: IoTClient;
  let factory: Made;
  let selfSigned: Made;

  const start = async () => {
    local = await startLocal({ dir: join(dir, "state"), log: (line) => log.push(line) });
    iot = iotClientOf(local);
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-foreign-"));
    await start();
    await openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Factory -keyout ca.key -out ca.pem",
    );
    await openssl(
      "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=sn0123 -keyout leaf.key -out leaf.csr",
    );
    await openssl("x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out leaf.pem");
    factory = await read("leaf");
    selfSigned = await make("self", "-newkey rsa:2048");
  });

  afterAll(async () => {
    iot.destroy();
    await local?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const openssl = (words: string) => run("openssl", words.split(" "), { cwd: dir });

  async function make(name: string, words: string): Promise<Made> {
    await openssl(
      `req -x509 ${words} -nodes -days 30 -subj /CN=${name} -keyout ${name}.key -out ${name}.pem`,
    );
    return read(name);
  }

  async function read(name: string): Promise<Made> {
    const files = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
    const [certificatePem = "", privateKeyPem = ""] = await Promise.all(
      files.map((file) => readFile(file, "utf8")),
    );
    return { certificatePem, privateKeyPem, files };
  }

  const connect = ({ certificatePem: cert, privateKeyPem: key }: Made) =>
    connectAsync(local.mqtts, { ca: local.caPem, cert, key, clientId: "sn0123", reconnectPeriod: 0 }, false);

  /** The status and body that curl gets with the certificate. */
  async function curl({ files: [cert = "", key = ""] }: Made, path: string): Promise<string> {
    const words = ["-s", "--cacert", local.ca, "--cert", cert, "--key", key, "-w", " %{http_code}"];
    return (await run("curl", [...words, `${local.https}${path}`])).stdout;
  }

  test("connects when it is registered and ACTIVE, over MQTT and HTTPS, also after a restart", async () => {
    await expect(connect(factory)).rejects.toThrow();
    expect(log.at(-1)).toMatch(
      /^mqtts: client at .* refused: its certificate \w{64} is not registered, .* run `aws iot register-certificate/,
    );

    const { certificatePem } = factory;
    const { certificateId = "", certificateArn: principal } = await iot.send(
      new RegisterCertificateWithoutCACommand({ certificatePem, status: "ACTIVE" }),
    );
    await openssl("x509 -in leaf.pem -outform DER -out leaf.der");
    const { stdout } = await openssl("dgst -sha256 -r leaf.der");
    expect(certificateId).toBe(stdout.slice(0, 64));
    await iot.send(new CreateThingCommand({ thingName: "sn0123" }));
    await iot.send(new AttachThingPrincipalCommand({ thingName: "sn0123", principal }));

    for (const restart of [false, true]) {
      if (restart) {
        iot.destroy();
        await local.stop();
        await start();
      }
      const connection = await connectMqtt311(local, "sn0123", factory);
      await connection.publish("dt/sn0123", "on", 1);
      await connection.disconnect();
      expect(await curl(factory, "/things/sn0123/jobs")).toMatch(/"queuedJobs":\[\]\} 200$/);
    }

    const { certificateDescription } = await iot.send(new DescribeCertificateCommand({ certificateId }));
    expect(certificateDescription).toMatchObject({
      certificatePem,
      status: "ACTIVE",
      certificateMode: "SNI_ONLY",
    });
    const { certificates } = await iot.send(new ListCertificatesCommand({}));
    expect(certificates).toMatchObject([{ certificateId, certificateMode: "SNI_ONLY" }]);
  });

  test("may be self-signed; INACTIVE without a status, and then refused, with its open connections", async () => {
    const { certificatePem } = selfSigned;
    const { certificateId } = await iot.send(new RegisterCertificateWithoutCACommand({ certificatePem }));
    await expect(connect(selfSigned)).rejects.toThrow("Not authorized");
    expect(await curl(selfSigned, "/things/sn0123/jobs")).toMatch(/is INACTIVE"\}\s+403$/);

    await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: "ACTIVE" }));
    const client = await connect(selfSigned);
    const closed = new Promise((resolve) => client.once("close", () => resolve("closed")));
    await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: "REVOKED" }));
    expect(await closed).toBe("closed");
  });

  test("is refused after it has expired, although it is registered and ACTIVE", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const signer = { subject: "expired", publicKey, privateKey };
    const validity = { notBeforeMs: Date.UTC(2025, 0, 1), notAfterMs: Date.UTC(2026, 0, 1) };
    const files = [join(dir, "expired.pem"), join(dir, "expired.key")];
    const expired = {
      certificatePem: toPem(createCertificate({ subject: "expired", publicKey, ...validity }, signer)),
      privateKeyPem: `${privateKey.export({ type: "pkcs8", format: "pem" })}`,
      files,
    };
    await writeFile(files[0] ?? "", expired.certificatePem);
    await writeFile(files[1] ?? "", expired.privateKeyPem);
    const { certificatePem } = expired;
    await iot.send(new RegisterCertificateWithoutCACommand({ certificatePem, status: "ACTIVE" }));
    await expect(connect(expired)).rejects.toThrow();
    expect(log.at(-1)).toMatch(/is only valid from Jan {2}1 .* 2025 GMT to Jan {2}1 .* 2026 GMT$/);
    expect(await curl(expired, "/things/sn0123/jobs")).not.toMatch(/queuedJobs/);
  });

  test.each([
    { certificatePem: "x", name: "CertificateValidationException", message: /not a certificate in PEM/ },
    { certificatePem: "", name: "InvalidRequestException", message: /length/ },
  ])("'$certificatePem' is refused with $name", async ({ certificatePem, name, message }) => {
    await expect(iot.send(new RegisterCertificateWithoutCACommand({ certificatePem }))).rejects.toMatchObject(
      { name, message: expect.stringMatching(message) },
    );
  });

  test.each([
    { before: "", name: "nothing" },
    { before: "  ", name: "spaces" },
    { before: "\f", name: "a form feed" },
    { before: "\ufeff", name: "a byte order mark" },
  ])("is refused together with that of its CA, with $name before it", async ({ before }) => {
    const { certificatePem: leaf } = await make("chained", "-newkey ec -pkeyopt ec_paramgen_curve:P-256");
    const certificatePem = `${leaf}${before}${await readFile(join(dir, "ca.pem"), "utf8")}`;
    await expect(iot.send(new RegisterCertificateWithoutCACommand({ certificatePem }))).rejects.toMatchObject(
      { name: "CertificateValidationException", message: expect.stringMatching(/PEM has 2 certificates/) },
    );
  });

  test("is refused with a key that AWS IoT does not accept, and when it is registered already", async () => {
    const { certificatePem } = await make("small", "-newkey rsa:1024");
    await expect(iot.send(new RegisterCertificateWithoutCACommand({ certificatePem }))).rejects.toMatchObject(
      { name: "CertificateValidationException", message: expect.stringMatching(/2048 bits/) },
    );
    const made = await local.provisionThing("t1");
    await expect(
      iot.send(new RegisterCertificateWithoutCACommand({ certificatePem: made.certificatePem })),
    ).rejects.toMatchObject({ name: "ResourceAlreadyExistsException", resourceId: made.certificateId });
  });
});
