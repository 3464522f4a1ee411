/** The credential provider, with curl and AWS's device SDK; its credentials with the official clients. */
import { execFile, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  AttachPolicyCommand,
  CreatePolicyCommand,
  CreateRoleAliasCommand,
  DescribeEndpointCommand,
  IoTClient,
  ListThingsCommand,
} from "@aws-sdk/client-iot";
import { GetPendingJobExecutionsCommand, IoTJobsDataPlaneClient } from "@aws-sdk/client-iot-jobs-data-plane";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { auth, io, iot as iotSdk, mqtt5 } from "aws-iot-device-sdk-v2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Local, type LocalOptions, type ProvisionedThing, startLocal } from "../src/index.js";

const run = promisify(execFile);
const hasCurl = spawnSync("curl", ["--version"]).error === undefined;
if (!hasCurl) console.warn("skipped: curl is not installed (Debian: curl)");
const ARN = "arn:aws:iot:us-east-1:000000000000";
const TEST = { accessKeyId: "test", secretAccessKey: "test" };
const roleArn = "arn:aws:iam::000000000000:role/upload";

interface Answer {
  status: number;
  type: string;
  body: {
    message?: string;
    credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken: string; expiration: string };
  };
}

describe.skipIf(!hasCurl)("the credential provider", () => {
  const log: string[] = [];
  let dir: string;
  let local: Local;
  let thing: ProvisionedThing;

  const start = async (options: LocalOptions = {}) => {
    local = await startLocal({
      ...{
        dir: join(dir, "state"),
        buckets: ["uploads"],
        things: ["t2"],
        strict: true,
        verifySignatures: true,
      },
      log: (line) => log.push(line),
      ...options,
    });
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-credentials-"));
    await start();
    thing = await local.provisionThing("t1");
    await writeFile(join(dir, "cert.pem"), thing.certificatePem);
    await writeFile(join(dir, "key.pem"), thing.privateKeyPem, { mode: 0o600 });
    const iot = new IoTClient({ ...clientConfig(), credentials: TEST });
    await iot.send(
      new CreateRoleAliasCommand({ roleAlias: "upload", roleArn, credentialDurationSeconds: 900 }),
    );
    const names = ["upload", "missing"].map((name) => `${ARN}:rolealias/${name}`);
    const Statement = [{ Effect: "Allow", Action: "iot:AssumeRoleWithCertificate", Resource: names }];
    const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await iot.send(new CreatePolicyCommand({ policyName: "assume", policyDocument }));
    const target = `${ARN}:cert/${thing.certificateId}`;
    await iot.send(new AttachPolicyCommand({ policyName: "assume", target }));
    iot.destroy();
  });

  afterAll(async () => {
    await local?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const clientConfig = () => ({ endpoint: local.endpoint, region: "us-east-1", maxAttempts: 1 });

  /** Asks as a device does, with the certificate of `t1` unless `without` is set. */
  async function ask(roleAlias: string, thingName?: string, without = false): Promise<Answer> {
    const files = ["--cert", join(dir, "cert.pem"), "--key", join(dir, "key.pem")];
    const { stdout } = await run("curl", [
      ...[
        "-s",
        "--cacert",
        local.ca,
        ...(without ? [] : files),
        "-w",
        " %header{x-amzn-errortype} %{http_code}",
      ],
      ...(thingName === undefined ? [] : ["-H", `x-amzn-iot-thingname: ${thingName}`]),
      `${local.https}/role-aliases/${roleAlias}/credentials`,
    ]);
    const [, body = "", type = "", status = ""] = /^(.*) (\S*) (\d+)$/s.exec(stdout) ?? [];
    return { status: Number(status), type, body: JSON.parse(body) };
  }

  async function credentials() {
    const { body } = await ask("upload", "t1");
    if (body.credentials === undefined) throw new Error(`refused: ${body.message}`);
    return body.credentials;
  }

  test.each([
    { roleAlias: "upload", thingName: "t2", status: 403, message: "Invalid thing name passed" },
    { roleAlias: "upload", thingName: "nobody", status: 403, message: "Invalid thing name passed" },
    { roleAlias: "other", thingName: "t1", status: 403, message: "Access Denied" },
    { roleAlias: "missing", thingName: "t1", status: 404, message: "Role alias does not exist" },
  ])(
    "refuses $roleAlias for $thingName with $status, $message",
    async ({ roleAlias, thingName, ...rest }) => {
      const type = rest.status === 403 ? "AccessDeniedException" : "ResourceNotFoundException";
      const { status, body, type: sent } = await ask(roleAlias, thingName);
      expect({ status, message: body.message, type: sent }).toEqual({ ...rest, type });
    },
  );

  test("refuses a client without a certificate, and the log says why", async () => {
    expect(await ask("upload", undefined, true)).toMatchObject({
      status: 403,
      body: { message: "Access Denied" },
    });
    expect(log.at(-1)).toBe("credentials: role alias upload refused: the client has no certificate");
    await ask("other");
    expect(log.at(-1)).toContain(`iot:AssumeRoleWithCertificate on ${ARN}:rolealias/other is allowed by no`);
  });

  test("its credentials work for S3 and AWS IoT, in headers and URLs, until they expire", async () => {
    const { expiration, ...given } = await credentials();
    const expiresMs = Date.parse(expiration);
    expect(expiration).toMatch(/^[-\d]+T[:\d]+Z$/);
    expect(Math.abs(expiresMs - Date.now() - 900_000)).toBeLessThan(60_000);
    const config = clientConfig();
    const clients = (offset: number, pair = given) => ({
      s3: new S3Client({ ...config, credentials: pair, forcePathStyle: true, systemClockOffset: offset }),
      iot: new IoTClient({ ...config, credentials: pair, systemClockOffset: offset }),
    });
    const { s3, iot } = clients(0);
    const object = { Bucket: "uploads", Key: "log.txt" };
    await s3.send(new PutObjectCommand({ ...object, Body: "text" }));
    expect(await iot.send(new ListThingsCommand({}))).toMatchObject({ things: [{}, {}] });
    const url = await getSignedUrl(s3, new GetObjectCommand(object), { expiresIn: 7_200 });
    expect(await (await fetch(url)).text()).toBe("text");

    const forged = clients(0, { ...given, sessionToken: `${given.sessionToken.slice(0, -8)}AAAAAAA=` });
    await expect(forged.s3.send(new GetObjectCommand(object))).rejects.toMatchObject({
      name: "InvalidToken",
    });
    await expect(forged.iot.send(new ListThingsCommand({}))).rejects.toMatchObject({
      name: "UnrecognizedClientException",
    });

    await local.stop();
    await start(); // the same credentials are valid after a restart
    const again = clientConfig();
    const restarted = new IoTClient({ ...again, credentials: given });
    expect(await restarted.send(new ListThingsCommand({}))).toMatchObject({ things: [{}, {}] });

    local.clock.advance(900_000);
    const late = { ...again, credentials: given, systemClockOffset: 900_000 };
    await expect(
      new S3Client({ ...late, forcePathStyle: true }).send(new GetObjectCommand(object)),
    ).rejects.toMatchObject({ name: "ExpiredToken", $metadata: { httpStatusCode: 400 } });
    await expect(new IoTClient(late).send(new ListThingsCommand({}))).rejects.toMatchObject({
      name: "ExpiredTokenException",
      $metadata: { httpStatusCode: 403 },
    });
    const expired = await fetch(url.replace(/^http:\/\/[^/]+/, local.endpoint)); // the URL itself is valid longer
    expect(await expired.text()).toContain("<Code>ExpiredToken</Code>");
    expect((await credentials()).expiration).not.toBe(expiration);
  });

  /** Publishes and asks STS, over HTTP; the signatures themselves are not valid. Returns both outcomes. */
  async function askRaw({ accessKeyId, sessionToken }: { accessKeyId: string; sessionToken?: string }) {
    const post = (service: string, path: string, type: string, body: string) => {
      const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
      const token = sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken };
      const headers = { authorization, "content-type": type, ...token };
      return fetch(local.endpoint + path, { method: "POST", body, headers });
    };
    const published = await post("iotdata", "/topics/dt%2Ft1", "application/octet-stream", "on");
    const form = "application/x-www-form-urlencoded";
    const identity = await post("sts", "/", form, "Action=GetCallerIdentity&Version=2011-06-15");
    const code = /<Code>(.*)<\/Code>/.exec(await identity.text())?.[1];
    return [
      published.ok ? "accepted" : `${published.status} ${published.headers.get("x-amzn-errortype")}`,
      identity.ok ? "accepted" : `${identity.status} ${code}`,
    ];
  }

  test("without --verify-signatures, its credentials need their token, and may not have expired", async () => {
    await local.stop();
    await start({ verifySignatures: false });
    const { expiration: _, ...given } = await credentials();
    const refusals = async (pair: typeof TEST & { sessionToken?: string }) => {
      const config = { ...clientConfig(), credentials: pair };
      const s3 = new S3Client({ ...config, forcePathStyle: true });
      const iot = new IoTClient(config);
      const jobs = new IoTJobsDataPlaneClient(config);
      const outcomes = await Promise.allSettled([
        s3.send(new PutObjectCommand({ Bucket: "uploads", Key: "log.txt", Body: "text" })),
        iot.send(new ListThingsCommand({})),
        jobs.send(new GetPendingJobExecutionsCommand({ thingName: "t1" })),
      ]);
      for (const client of [s3, iot, jobs]) client.destroy();
      const sent = outcomes.map((outcome) =>
        outcome.status === "fulfilled"
          ? "accepted"
          : `${outcome.reason.$metadata?.httpStatusCode} ${outcome.reason.name}`,
      );
      return [...sent, ...(await askRaw(pair))];
    };
    const accepted = Array(5).fill("accepted");
    const unrecognized = Array(3).fill("403 UnrecognizedClientException");
    const expired = Array(3).fill("403 ExpiredTokenException");
    const ofAnother = (await credentials()).sessionToken;

    expect(await refusals(given)).toEqual(accepted);
    for (const sessionToken of ["abc", ofAnother]) {
      expect(await refusals({ ...given, sessionToken })).toEqual([
        "400 InvalidToken",
        ...unrecognized,
        "403 InvalidClientTokenId",
      ]);
    }
    const { sessionToken: _token, ...withoutToken } = given;
    expect(await refusals(withoutToken)).toEqual([
      "403 InvalidAccessKeyId",
      ...unrecognized,
      "403 InvalidClientTokenId",
    ]);
    local.clock.advance(900_000);
    expect(await refusals(given)).toEqual(["400 ExpiredToken", ...expired, "403 ExpiredToken"]);
    // Credentials that it did not issue
    expect(await refusals({ ...given, accessKeyId: "ASIAIOSFODNN7EXAMPLE" })).toEqual(accepted);
    expect(await refusals({ ...withoutToken, accessKeyId: "ASIAIOSFODNN7EXAMPLE" })).toEqual(accepted);
    expect(await refusals({ ...TEST, sessionToken: "abc" })).toEqual(accepted);
  });

  // AWS's libraries only use port 443, which needs root; an address of its own leaves the port to others.
  test.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
    "AWS's device SDK gets credentials for its certificate, and connects over a signed WebSocket",
    async () => {
      await local.stop();
      await start({
        host: `127.${randomInt(1, 255)}.${randomInt(255)}.${randomInt(1, 255)}`,
        httpsPort: 443,
      });
      const iot = new IoTClient({ ...clientConfig(), credentials: TEST });
      const { endpointAddress: endpoint = "" } = await iot.send(
        new DescribeEndpointCommand({ endpointType: "iot:CredentialProvider" }),
      );
      iot.destroy();
      const tls = io.TlsContextOptions.create_client_with_mtls(thing.certificatePem, thing.privateKeyPem);
      tls.override_default_trust_store(local.caPem);
      const connects = async (roleAlias: string) => {
        const credentialsProvider = auth.AwsCredentialsProvider.newX509({
          ...{ endpoint, thingName: "t1", roleAlias, tlsContext: new io.ClientTlsContext(tls) },
        });
        const { newWebsocketMqttBuilderWithSigv4Auth } = iotSdk.AwsIotMqtt5ClientConfigBuilder;
        const config = newWebsocketMqttBuilderWithSigv4Auth(endpoint, {
          region: "us-east-1",
          credentialsProvider,
        })
          .withCertificateAuthority(local.caPem)
          .build();
        const client = new mqtt5.Mqtt5Client(config);
        const outcome = new Promise<boolean>((resolve) => {
          client.once(mqtt5.Mqtt5Client.CONNECTION_SUCCESS, () => resolve(true));
          client.once(mqtt5.Mqtt5Client.CONNECTION_FAILURE, () => resolve(false));
        });
        const stopped = new Promise((resolve) => client.once(mqtt5.Mqtt5Client.STOPPED, resolve));
        client.start();
        const connected = await outcome;
        client.stop();
        await stopped;
        client.close();
        return connected;
      };
      expect(await connects("upload")).toBe(true);
      expect(await connects("missing")).toBe(false);
    },
  );
});
