import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  CreateJobCommand,
  DescribeJobExecutionCommand,
  DescribeThingCommand,
  IoTClient,
} from "@aws-sdk/client-iot";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type Local, type ProvisionedThing, startLocal } from "@fota/local";
import { isFotaError } from "@fota/shared";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { keptPort } from "../../shared/test/kept-port.js";
import { Interruption } from "../src/core/interruption.js";
import { Fota, Jobs, type Mqtt } from "../src/index.js";
import { connectThing, initBootRecord, nodeDevice, nodeHttp, provisionThing } from "../src/node/index.js";
import type { ThingOptions } from "../src/node/mqtt-options.js";
import { ConnectProxy } from "./connect-proxy.js";

/** A limit that no test waits for, and that no machine is too slow for. */
const PATIENCE_MS = 3_600_000;
/** Names that only the proxy knows (RFC 6761: .invalid has no addresses). */
const BROKER = "broker.invalid";
const IMAGES = "images.invalid";

const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };
const pem = (name: string) => readFileSync(join(import.meta.dirname, "fixtures/tls", `${name}.pem`));
const portOf = (url: string) => Number(new URL(url).port);

let local: Local;
let thing: ProvisionedThing;
let s3: S3Client;
let routes: Record<string, number>;
let proxy: ConnectProxy;
const things: Mqtt[] = [];
const proxies: ConnectProxy[] = [];

beforeAll(async () => {
  local = await startLocal({ allowHosts: [BROKER, IMAGES], buckets: ["images"] });
  thing = await local.provisionThing("pump-1");
  routes = {
    [`${BROKER}:8883`]: portOf(local.mqtts),
    [`${BROKER}:443`]: portOf(local.mqtts),
    [`${BROKER}:1883`]: portOf(local.mqtt),
    [`${IMAGES}:443`]: portOf(local.https),
    [IMAGES]: portOf(local.endpoint),
  };
  const client = { region: local.region, credentials: CREDENTIALS, forcePathStyle: true };
  const direct = new S3Client({ ...client, endpoint: local.endpoint });
  await direct.send(new PutObjectCommand({ Bucket: "images", Key: "app", Body: "firmware" }));
  direct.destroy();
  s3 = new S3Client({ ...client, endpoint: `https://${IMAGES}` });
});
afterAll(async () => {
  s3.destroy();
  await local.stop();
});
beforeEach(async () => {
  proxy = await start(new ConnectProxy(routes));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const each of things.splice(0)) await each.disconnect();
  for (const each of proxies.splice(0)) await each.stop();
});

async function start(made: ConnectProxy, port?: number): Promise<ConnectProxy> {
  proxies.push(made);
  return await made.listen(port);
}

async function connected(options: Partial<ThingOptions> = {}): Promise<Mqtt> {
  const mqtt = await connectThing({
    thingName: "pump-1",
    endpoint: BROKER,
    cert: thing.certificatePem,
    key: thing.privateKeyPem,
    ca: local.caPem,
    proxy: `http://127.0.0.1:${proxy.port}`,
    reconnect: { baseMs: 10, maxMs: 20 },
    ...options,
  });
  things.push(mqtt);
  return mqtt;
}

/** Sends a message and waits until it is back. */
async function echo(mqtt: Mqtt): Promise<void> {
  let receive: (payload: string) => void = () => {};
  const back = new Promise<string>((resolve) => {
    receive = resolve;
  });
  await mqtt.subscribe("a/b", receive);
  await mqtt.publish("a/b", "hello");
  expect(await back).toBe("hello");
}

async function failureOf(action: Promise<unknown>) {
  const error: unknown = await action.then(() => undefined).catch((thrown: unknown) => thrown);
  if (!isFotaError(error)) throw new Error(`no FotaError: ${String(error)}`);
  return error;
}

const imageUrl = async () => await getSignedUrl(s3, new GetObjectCommand({ Bucket: "images", Key: "app" }));

async function read(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const withLogin = () => {
  proxy.login = "fleet:s3cret/wörd";
  return `http://fleet:s3cret%2Fw%C3%B6rd@127.0.0.1:${proxy.port}`;
};

test("MQTT over TLS goes through the proxy with its login, and leaves no connection behind", async () => {
  const mqtt = await connected({ proxy: withLogin() });
  await echo(mqtt);
  expect(proxy.asked).toEqual([`CONNECT ${BROKER}:8883`]);
  await mqtt.disconnect();
  await eventually(() => expect(proxy.openSockets).toBe(0));
});

test("on port 443, the ALPN name of MQTT is sent through the tunnel", async () => {
  await echo(await connected({ endpoint: `${BROKER}:443` }));
  expect(proxy.asked).toEqual([`CONNECT ${BROKER}:443`]);
  expect(proxy.greetings[0]).toContain("x-amzn-mqtt-ca");
});

test("MQTT without TLS needs a tunnel too", async () => {
  const mqtt = await connectThing({
    thingName: "pump-2",
    url: `mqtt://${BROKER}`,
    proxy: `http://127.0.0.1:${proxy.port}`,
  });
  things.push(mqtt);
  await echo(mqtt);
  expect(proxy.asked).toEqual([`CONNECT ${BROKER}:1883`]);
});

test("a proxy that is reached over TLS: for MQTT, https and http", async () => {
  const secure = await start(new ConnectProxy(routes, { cert: pem("server"), key: pem("server-key") }));
  secure.login = "a:b";
  const ca = [local.caPem, pem("ca")];
  const options = { ca, proxy: `https://a:b@127.0.0.1:${secure.port}` };
  const mqtt = await connected(options);
  await echo(mqtt);
  const url = await imageUrl();
  expect(await read((await nodeHttp(options).get(url, {}, PATIENCE_MS)).body)).toBe("firmware");
  const httpUrl = url.replace("https", "http");
  expect(await read((await nodeHttp(options).get(httpUrl, {}, PATIENCE_MS)).body)).toBe("firmware");
  await mqtt.disconnect();
  await eventually(() => expect(secure.openSockets).toBe(0));
  const untrusted = await failureOf(connected({ ...options, ca: local.caPem }));
  expect(untrusted.message).toMatch(
    /the proxy .* cannot be reached: its certificate is not from a trusted CA/,
  );
});

test("without an option, the environment decides for each connection; false turns it off", async () => {
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${proxy.port}`);
  await echo(await connected({ proxy: undefined as never }));
  expect(await read((await nodeHttp({ ca: local.caPem }).get(await imageUrl(), {}, PATIENCE_MS)).body)).toBe(
    "firmware",
  );
  expect(proxy.asked).toHaveLength(2);
  const direct = /cannot connect to broker.invalid:8883: the host name cannot be resolved/;
  expect((await failureOf(connected({ proxy: false }))).message).toMatch(direct);
  vi.stubEnv("NO_PROXY", ".invalid");
  expect((await failureOf(connected({ proxy: undefined as never }))).message).toMatch(direct);
  expect(proxy.asked).toHaveLength(2);
});

test("the identity of a new device comes through the proxy", async () => {
  proxy.refuseWith = 403;
  const dir = await mkdtemp(join(tmpdir(), "fota-proxy-"));
  const provisioning = provisionThing({
    endpoint: BROKER,
    ca: local.caPem,
    claimCert: thing.certificatePem,
    claimKey: thing.privateKeyPem,
    template: "pumps",
    dir,
    attempts: 1,
    proxy: `http://127.0.0.1:${proxy.port}`,
  });
  expect((await failureOf(provisioning)).message).toMatch(/HTTP 403/);
  await rm(dir, { recursive: true });
});

interface Fault {
  name: string;
  behavior?: Partial<Pick<ConnectProxy, "login" | "refuseWith" | "isSilent">>;
  url?: string;
  text: RegExp;
  hint: RegExp;
}

const FAULTS: Fault[] = [
  {
    name: "that is not there",
    url: "http://me:s3cret@127.0.0.1:9",
    text: /the proxy 127.0.0.1:9 cannot be reached: connection refused \(ECONNREFUSED\)/,
    hint: /check the URL of the proxy/,
  },
  {
    name: "whose name is wrong",
    url: "http://me:s3cret@proxy.invalid:3128",
    text: /the proxy proxy.invalid:3128 cannot be reached: the host name cannot be resolved \((ENOTFOUND|EAI_AGAIN)\)/,
    hint: /spelling/,
  },
  {
    name: "that demands a login",
    behavior: { login: "x:y" },
    text: /the proxy 127.0.0.1:\d+ refuses without valid credentials \(HTTP 407\)/,
    hint: /user:password/,
  },
  {
    name: "that does not allow the host",
    behavior: { refuseWith: 403 },
    text: /the proxy 127.0.0.1:\d+ refuses a connection to \w+.invalid:\d+ \(HTTP 403\)/,
    hint: /administrator/,
  },
  {
    name: "that cannot reach the host",
    behavior: { refuseWith: 503 },
    text: /the proxy 127.0.0.1:\d+ cannot connect to \w+.invalid:\d+ \(HTTP 503\)/,
    hint: /resolve and reach/,
  },
  {
    name: "that does not answer",
    behavior: { isSilent: true },
    text: /the proxy 127.0.0.1:\d+ cannot be reached: no answer in time \(ETIMEDOUT\)/,
    hint: /check the URL of the proxy/,
  },
];

test.each(FAULTS.map((fault) => [fault.name, fault] as const))(
  "a proxy %s is the cause that connect and the download report, without its password",
  async (_name, { behavior, url, text, hint }) => {
    Object.assign(proxy, behavior);
    const option = { proxy: url ?? `http://me:s3cret@127.0.0.1:${proxy.port}`, ca: local.caPem };
    const timeoutMs = behavior?.isSilent ? 200 : 30_000;
    const failures = [
      await failureOf(connected({ ...option, connectTimeoutMs: timeoutMs })),
      await failureOf(nodeHttp(option).get(await imageUrl(), {}, timeoutMs)),
    ];
    expect(failures.map(({ code }) => code)).toEqual(["MQTT_UNREACHABLE", "ENDPOINT_UNREACHABLE"]);
    for (const failure of failures) {
      expect(failure.message).toMatch(text);
      expect(failure.hint).toMatch(hint);
      expect(inspect(failure, { depth: 9 })).not.toContain("s3cret");
    }
    await eventually(() => expect(proxy.openSockets).toBe(0));
  },
);

test("a port that does not speak HTTP is no proxy", async () => {
  const server = createTcpServer((socket) => socket.end("220 mail.example ESMTP\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const { message } = await failureOf(connected({ proxy: `http://127.0.0.1:${port}` }));
  server.close();
  expect(message).toMatch(/cannot be reached: it does not speak HTTP \(HPE_\w+\)/);
});

test("after the proxy was restarted, the thing comes back; the log names the proxy, not its password", async () => {
  const log = vi.fn();
  const port = await keptPort();
  proxy = await start(new ConnectProxy(routes), port);
  const mqtt = await connected({ proxy: withLogin(), log });
  await proxies.pop()?.stop();
  await eventually(() =>
    expect(log).toHaveBeenCalledWith(
      "warn",
      expect.stringMatching(/the proxy 127.0.0.1:\d+ cannot be reached/),
      expect.objectContaining({ code: "MQTT_UNREACHABLE" }),
    ),
  );
  const restarted = await start(new ConnectProxy(routes), port);
  await eventually(() => mqtt.publish("a/b", "back by itself"));
  expect(restarted.asked.at(-1)).toBe(`CONNECT ${BROKER}:8883`);
  expect(JSON.stringify(log.mock.calls)).not.toContain("s3cret");
});

test("disconnect ends an attempt that waits for the proxy", async () => {
  const mqtt = await connected();
  proxy.isSilent = true;
  await mqtt.disconnect();
  const attempt = failureOf(mqtt.connect());
  await eventually(() => expect(proxy.asked).toHaveLength(2));
  await mqtt.disconnect();
  expect((await attempt).code).toBe("MQTT_CLOSED");
  await eventually(() => expect(proxy.openSockets).toBe(0));
});

test("a presigned URL is fetched through the proxy with its login, and its signature holds", async () => {
  const http = nodeHttp({ ca: local.caPem, proxy: withLogin() });
  const answer = await http.get(await imageUrl(), { range: "bytes=4-" }, PATIENCE_MS);
  expect([answer.status, await read(answer.body)]).toEqual([206, "ware"]);
  expect(proxy.asked).toEqual([`CONNECT ${IMAGES}:443`]);
  await eventually(() => expect(proxy.openSockets).toBe(0));
});

test("an http URL is forwarded by the proxy, which may refuse it", async () => {
  const http = nodeHttp({ proxy: withLogin() });
  const url = (await imageUrl()).replace("https", "http");
  expect(await read((await http.get(url, {}, PATIENCE_MS)).body)).toBe("firmware");
  expect(proxy.asked).toEqual([`GET ${url}`]);
  proxy.login = "x:y";
  expect((await failureOf(http.get(url, {}, PATIENCE_MS))).message).toMatch(/HTTP 407/);
});

test("a job whose download the proxy refuses ends FAILED with the proxy in its detail", async () => {
  const refusing = await start(new ConnectProxy(routes));
  refusing.refuseWith = 403;
  const dir = await mkdtemp(join(tmpdir(), "fota-proxy-"));
  const { endpoint, region } = local;
  const iot = new IoTClient({ endpoint, region, credentials: CREDENTIALS });
  const document = JSON.stringify({
    operation: "fota",
    bc_idx: 1,
    bc_size: 8,
    bc_crc: "8b1a9953c4611296a827abf8c47804d7",
    bc_url: await imageUrl(),
  });
  const { thingArn = "" } = await iot.send(new DescribeThingCommand({ thingName: "pump-1" }));
  await iot.send(new CreateJobCommand({ jobId: "fw-1", targets: [thingArn], document }));
  await initBootRecord(dir, 0);
  const device = nodeDevice({
    dir,
    runningSlot: 0,
    proxy: `http://fleet:s3cret@127.0.0.1:${refusing.port}`,
    log: () => {},
  });
  const fota = new Fota(device, { download: { attempts: 2, backoff: { baseMs: 1, maxMs: 2 } } });
  await fota.handleFotaJobs(new Jobs(await connected()), { force: true });
  const { execution } = await iot.send(
    new DescribeJobExecutionCommand({ jobId: "fw-1", thingName: "pump-1" }),
  );
  iot.destroy();
  await rm(dir, { recursive: true });
  expect(execution).toMatchObject({ status: "FAILED" });
  const { reason, detail } = execution?.statusDetails?.detailsMap ?? {};
  expect(reason).toBe("download-failed");
  expect(detail).toMatch(/the proxy 127.0.0.1:\d+ refuses a connection to images.invalid:443 \(HTTP 403\)/);
  expect(refusing.asked.length).toBeGreaterThan(1);
});

test("an interrupt closes the connection to a silent proxy", async () => {
  proxy.isSilent = true;
  const interruption = new Interruption();
  const http = nodeHttp({ ca: local.caPem, proxy: `http://127.0.0.1:${proxy.port}` });
  const get = failureOf(http.get(await imageUrl(), {}, 10_000, interruption));
  await eventually(() => expect(proxy.asked).toHaveLength(1));
  interruption.interrupt("stopped");
  expect((await get).code).toBe("ENDPOINT_UNREACHABLE");
  await eventually(() => expect(proxy.openSockets).toBe(0));
});
