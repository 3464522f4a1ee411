/** Registered CAs: with the official client, and `openssl` as the owner of the CA. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  DeleteCACertificateCommand,
  DescribeCACertificateCommand,
  DescribeCertificateCommand,
  GetRegistrationCodeCommand,
  type IoTClient,
  ListCACertificatesCommand,
  ListCertificatesByCACommand,
  RegisterCACertificateCommand,
  RegisterCertificateCommand,
  UpdateCACertificateCommand,
} from "@aws-sdk/client-iot";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

const run = promisify(execFile);
const hasOpenssl = spawnSync("openssl", ["version"]).error === undefined;
if (!hasOpenssl) console.warn("skipped: openssl is not installed (Debian: openssl)");
const NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

describe.skipIf(!hasOpenssl)("a CA of the fleet's owner", () => {
  let dir: string;
  let local: Local;
  let iot: IoTClient;
  const log: string[] = [];

  const start = async () => {
    local = await startLocal({ dir: join(dir, "state"), log: (line) => log.push(line) });
    iot = iotClientOf(local);
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-cas-"));
    await start();
    for (const ca of ["fleet", "other", "third", "fourth"]) {
      await openssl(`req -x509 ${NEW_KEY} -days 30 -subj /CN=${ca} -keyout ${ca}.key -out ${ca}.pem`);
    }
    await sign("sn1", "fleet");
  });

  afterAll(async () => {
    iot.destroy();
    await local?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const openssl = (words: string) => run("openssl", words.split(" "), { cwd: dir });
  const read = (file: string) => readFile(join(dir, file), "utf8");

  /** Makes a key, and a certificate for it that the CA signs. Returns the certificate. */
  async function sign(commonName: string, ca: string): Promise<string> {
    await openssl(`req ${NEW_KEY} -subj /CN=${commonName} -keyout ${commonName}.key -out ${commonName}.csr`);
    const by = `-CA ${ca}.pem -CAkey ${ca}.key -CAcreateserial -days 30`;
    await openssl(`x509 -req -in ${commonName}.csr ${by} -out ${commonName}.pem`);
    return read(`${commonName}.pem`);
  }

  test("must be registered and ACTIVE before certificates are registered with it", async () => {
    const certificatePem = await read("sn1.pem");
    const register = () => iot.send(new RegisterCertificateCommand({ certificatePem, setAsActive: true }));
    await expect(register()).rejects.toMatchObject({ name: "CertificateValidationException" });

    const { registrationCode = "" } = await iot.send(new GetRegistrationCodeCommand({}));
    const caCertificate = await read("fleet.pem");
    const { certificateId } = await iot.send(
      new RegisterCACertificateCommand({
        caCertificate,
        verificationCertificate: await sign(registrationCode, "fleet"),
      }),
    );
    await expect(register()).rejects.toMatchObject({ name: "CertificateValidationException" });
    await iot.send(new UpdateCACertificateCommand({ certificateId, newStatus: "ACTIVE" }));
    const registered = await register();

    iot.destroy();
    await local.stop();
    await start(); // all of it is kept
    const { certificateDescription } = await iot.send(
      new DescribeCertificateCommand({ certificateId: registered.certificateId }),
    );
    expect(certificateDescription).toMatchObject({
      caCertificateId: certificateId,
      certificateMode: "DEFAULT",
    });
    expect(await iot.send(new ListCertificatesByCACommand({ caCertificateId: certificateId }))).toMatchObject(
      {
        certificates: [{ certificateId: registered.certificateId, status: "ACTIVE" }],
      },
    );
    expect(await iot.send(new DescribeCACertificateCommand({ certificateId }))).toMatchObject({
      certificateDescription: { certificatePem: caCertificate, status: "ACTIVE", customerVersion: 2 },
    });
    expect(await iot.send(new GetRegistrationCodeCommand({}))).toMatchObject({ registrationCode });
    const identity = { cert: certificatePem, key: await read("sn1.key"), ca: local.caPem };
    const client = await connectAsync(local.mqtts, { ...identity, reconnectPeriod: 0 }, false);
    await client.endAsync();

    const remove = () => iot.send(new DeleteCACertificateCommand({ certificateId }));
    await expect(remove()).rejects.toMatchObject({ name: "CertificateStateException" });
    await iot.send(new UpdateCACertificateCommand({ certificateId, newStatus: "INACTIVE" }));
    await remove();
    expect((await iot.send(new ListCACertificatesCommand({}))).certificates).toEqual([]);
  });

  test("needs a certificate for the registration code that it has signed", async () => {
    const { registrationCode = "" } = await iot.send(new GetRegistrationCodeCommand({}));
    const caCertificate = await read("fleet.pem");
    const register = (verificationCertificate?: string) =>
      iot.send(new RegisterCACertificateCommand({ caCertificate, verificationCertificate }));
    await expect(register()).rejects.toMatchObject({ name: "InvalidRequestException" });
    await expect(register(await sign("another", "fleet"))).rejects.toMatchObject({
      name: "RegistrationCodeValidationException",
    });
    await expect(register(await sign(registrationCode, "other"))).rejects.toMatchObject({
      name: "CertificateValidationException",
    });
    const notCa = new RegisterCACertificateCommand({
      caCertificate: await read("sn1.pem"),
      certificateMode: "SNI_ONLY",
    });
    await expect(iot.send(notCa)).rejects.toMatchObject({ name: "CertificateValidationException" });
  });

  test("must be ACTIVE for the log to advise register-certificate to a device that is not registered", async () => {
    const advice = async () => {
      const cert = await read("sn3.pem");
      const identity = { cert, key: await read("sn3.key"), ca: local.caPem, reconnectPeriod: 0 };
      await expect(connectAsync(local.mqtts, identity, false)).rejects.toThrow();
      return log.at(-1)?.replace(/^.*certificate \w{64} /, "");
    };
    const unknown =
      "is not registered, and another CA signed it: run `aws iot register-certificate-without-ca`";
    await sign("sn3", "third");
    expect(await advice()).toBe(unknown);
    const { certificateId } = await iot.send(
      new RegisterCACertificateCommand({
        caCertificate: await read("third.pem"),
        certificateMode: "SNI_ONLY",
      }),
    );
    expect(await advice()).toBe(unknown); // register-certificate would refuse it
    await iot.send(new UpdateCACertificateCommand({ certificateId, newStatus: "ACTIVE" }));
    expect(await advice()).toBe(
      "is not registered, but the CA that signed it is: run `aws iot register-certificate`",
    );
    await sign("sn3", "fourth");
    expect(await advice()).toBe(unknown);
  });

  test("needs no proof in mode SNI_ONLY, which its certificates then have too", async () => {
    const caCertificate = await read("other.pem");
    const command = new RegisterCACertificateCommand({
      caCertificate,
      certificateMode: "SNI_ONLY",
      setAsActive: true,
    });
    await iot.send(command);
    await expect(iot.send(command)).rejects.toMatchObject({ name: "ResourceAlreadyExistsException" });
    const certificatePem = await sign("sn2", "other");
    await expect(
      iot.send(new RegisterCertificateCommand({ certificatePem, caCertificatePem: await read("fleet.pem") })),
    ).rejects.toMatchObject({ name: "InvalidRequestException" });
    const { certificateId } = await iot.send(
      new RegisterCertificateCommand({ certificatePem, caCertificatePem: caCertificate }),
    );
    const { certificateDescription } = await iot.send(new DescribeCertificateCommand({ certificateId }));
    expect(certificateDescription).toMatchObject({ status: "INACTIVE", certificateMode: "SNI_ONLY" });
  });

  test("cannot register certificates by itself, which the stand-in says", async () => {
    await expect(
      iot.send(
        new RegisterCACertificateCommand({
          ...{
            caCertificate: await read("fleet.pem"),
            certificateMode: "SNI_ONLY",
            allowAutoRegistration: true,
          },
        }),
      ),
    ).rejects.toMatchObject({ message: "fota local does not support allowAutoRegistration" });
  });
});
