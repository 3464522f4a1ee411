import { mkdir, mkdtemp, rmdir } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { dirname, join, resolve } from "node:path";
import { FotaError, makeFolders, messageOf } from "@fota/shared";
import { DEFAULT_REGION } from "./account.js";
import { openCertificateAuthority } from "./certificates/ca.js";
import { tlsOptions } from "./certificates/tls.js";
import { type Clock, type MovableClock, systemClock } from "./clock.js";
import { createEngine } from "./engine/engine.js";
import { createFaults, type Faults } from "./faults/faults.js";
import { openFolderIdentity } from "./folder/folder-identity.js";
import { lockFolder } from "./folder/folder-lock.js";
import { makeTempFolder } from "./folder/temp-folder.js";
import { serveHttp } from "./http/server.js";
import { createVisitors } from "./http/visitors.js";
import { answerJobsPublish } from "./jobs/mqtt.js";
import { s3Access } from "./jobs/s3-access.js";
import type { Listening } from "./listening.js";
import type { Log } from "./log.js";
import { movableClock } from "./movable-clock.js";
import { createBroker, noticeMessage } from "./mqtt/broker.js";
import { createConnectionRegistry } from "./mqtt/connection-registry.js";
import { serveMqtt } from "./mqtt/server.js";
import { openSessionStore } from "./mqtt/session-store.js";
import { webSocketUpgrade } from "./mqtt/websocket.js";
import { createAuthorizer } from "./policies/authorizer.js";
import { leftConnected } from "./registry/index-configuration.js";
import { certificateOr, gatewaySignature, signatureCheck } from "./rest/authenticate.js";
import { createObjectStore } from "./s3/object-store.js";
import { s3Service } from "./s3/service.js";
import { adminApi } from "./services/admin.js";
import { iotService } from "./services/iot.js";
import { jobsDataService } from "./services/jobs-data.js";
import { type ProvisionedThing, provisionThing } from "./services/provision.js";
import { createRequestListener } from "./services/request-listener.js";
import { failing } from "./services/service-error.js";
import { stsService } from "./services/sts.js";
import type { Credentials } from "./sigv4/sigv4.js";
import type { Connectivity } from "./world.js";

export interface LocalOptions {
  /** HTTP; 0, as for all ports, takes a free one. */
  port?: number;
  httpsPort?: number;
  mqttPort?: number;
  mqttsPort?: number;
  /** Address to listen on; the loopback unless told otherwise, as nothing here is meant for a network. */
  host?: string;
  /**
   * Folder that keeps everything over a restart: `ca/` the certificate authority, `world/` things and jobs, `mqtt/`
   * sessions and retained messages, `s3/` buckets and objects. Without it nothing outlives `stop()`.
   */
  dir?: string;
  region?: string;
  /** Key pairs that exist beside `test`/`test` and the pair in this process's environment. */
  credentials?: readonly Credentials[];
  /** Also check signatures in headers, of all services; presigned URLs always are. */
  verifySignatures?: boolean;
  /**
   * A device needs a certificate with a policy, as with AWS: plain MQTT has neither and is refused. Without it a
   * certificate that has a policy is held to it all the same, and one that has none may speak for any thing.
   */
  strict?: boolean;
  /** `http(s)://host[:port]` by which devices reach S3, for the URLs in job documents; `endpoint` by default. */
  publicS3Url?: string;
  /**
   * Host names by which clients reach it, such as that of its container; `*.name` stands for all below it. IP addresses,
   * localhost, names below it, AWS's and the one of `publicS3Url` are always taken; others are refused, as a page could
   * reach the stand-in by them.
   */
  allowHosts?: readonly string[];
  /** `scheme://host[:port]` of web pages that may use it; those of all others are refused. */
  allowOrigins?: readonly string[];
  /** Lets who knows it tell this stand-in from another one, by `POST /_fota/proof`. */
  secret?: string;
  /** The system's time unless a test brings its own, such as `manualClock()`. */
  clock?: Clock;
  /** One line each for what a person should know; nowhere by default. */
  log?: Log;
}

/** Where a running stand-in is reached; also what `GET /_fota/info` answers. */
export interface LocalInfo {
  /** `http://host:port` of `iot`, `iot-jobs-data` and `s3`. */
  endpoint: string;
  https: string;
  /** `mqtt://host:port`. */
  mqtt: string;
  /** `mqtts://host:port`; wants a device certificate. */
  mqtts: string;
  /** File with the CA certificate in PEM. */
  ca: string;
  region: string;
  /** Folder of the durable state, if it has one. */
  dir?: string;
}

export interface Local extends LocalInfo {
  caPem: string;
  /** The stand-in's time, to be moved; `options.clock` itself where that can be moved. */
  clock: MovableClock;
  /** What goes wrong: nothing until a test adds a fault. */
  faults: Faults;
  /** Breaks the connection of an MQTT client, without a DISCONNECT; false when there is none. */
  disconnectClient(clientId: string): boolean;
  info(): LocalInfo;
  /** A thing with an active certificate of its own. A thing that is there gets one more certificate. */
  provisionThing(thingName: string): Promise<ProvisionedThing>;
  /** Closes every connection, waits until all is on disk, removes the temp folder. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts the stand-in: AWS IoT, its Jobs and its MQTT broker, and S3, in this process.
 *
 * @throws {FotaError} USAGE, PORT_IN_USE, LOCAL_DIR_IN_USE, LOCAL_DIR_INVALID; then nothing of it runs
 */
export async function startLocal(options: LocalOptions = {}): Promise<Local> {
  const closers: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
  };
  try {
    return await start(options, closers, stop);
  } catch (error) {
    await stop();
    const { dir } = options;
    const isFile = error instanceof Error && "syscall" in error && "path" in error;
    throw isFile && dir !== undefined ? refusedFolder(dir, error) : error;
  }
}

async function start(
  options: LocalOptions,
  closers: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Local> {
  const { host = "127.0.0.1", region = DEFAULT_REGION, log = () => undefined } = options;
  const clock = movable(options.clock ?? systemClock);
  const visitors = createVisitors({
    allowHosts: ownNames(options),
    allowOrigins: options.allowOrigins ?? [],
  });
  const dir = options.dir === undefined ? undefined : resolve(options.dir);
  const folder = await openFolder(dir, closers);

  const credentials = knownCredentials(options.credentials);
  let ownEndpoint = `http://${reachedAt(host)}`; // its port comes with the server, before anyone can ask
  const [signer] = credentials;
  const objects = s3Access({
    endpoints: () => ({ own: ownEndpoint, devices: options.publicS3Url ?? ownEndpoint }),
    region,
    credentials: signer,
    clock,
  });
  const closedAtEnd = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const it = await opening;
    closers.push(() => it.close());
    return it;
  };
  const owner = dir === undefined ? undefined : await openFolderIdentity(dir);
  const worldDir = dir === undefined ? {} : { dir: join(dir, "world"), owner };
  const opening = [
    openCertificateAuthority(join(folder, "ca")),
    closedAtEnd(createEngine({ clock, region, ...worldDir, presign: objects.presign, log })),
    createObjectStore({ dir: join(folder, "s3"), durable: dir !== undefined, owner }),
    dir === undefined ? undefined : closedAtEnd(openSessionStore(join(dir, "mqtt"), owner)),
  ] as const;
  await Promise.allSettled(opening); // where one fails, the others must have let go of the folder before it is free
  const [authority, engine, store, keeper] = await Promise.all(opening);
  await owner?.complete(authority.caPem);

  const gate = createAuthorizer({ source: engine, strict: options.strict ?? false });
  const opened = async (listening: Promise<Listening>) => {
    const { port, close } = await listening;
    closers.push(close);
    return port;
  };

  const tls = tlsOptions(authority, options.allowHosts ?? []);
  const faults = createFaults();
  const onConnectivity = (clientId: string, now: Connectivity) => {
    // A world that cannot be written says so to whoever asks next.
    if (engine.world.connectivityIndexed)
      engine.run("noteConnectivity", { clientId, ...now }).catch(() => undefined);
  };
  for (const clientId of leftConnected(engine.world)) {
    await engine.run("noteConnectivity", {
      clientId,
      sinceMs: engine.nowMs(),
      disconnectReason: "CONNECTION_LOST",
    });
  }
  const broker = createBroker({ clock, log, keeper, onConnectivity });
  engine.onNotice((notice) => broker.publish(noticeMessage(notice)));
  const acceptor = createConnectionRegistry({
    broker,
    faults,
    clock,
    socketClock: systemClock,
    log,
    answerJobs: (topic, payload) => answerJobsPublish(engine, topic, payload),
  });
  const mqttOptions = { acceptor, host, accessOf: gate.accessOf, log };
  const mqttPort = await opened(serveMqtt({ ...mqttOptions, port: options.mqttPort ?? 0 }));
  const mqttsPort = await opened(serveMqtt({ ...mqttOptions, port: options.mqttsPort ?? 0, tls }));

  // The services give the ports in their answers, so they are made after them; who asks earlier waits for them.
  let openDoor: (door: RequestListener) => void = () => undefined;
  const door = new Promise<RequestListener>((resolve) => {
    openDoor = resolve;
  });
  const handle: RequestListener = (request, response) => {
    void door.then((opened) => opened(request, response));
  };
  const { verifySignatures = false } = options;
  const signatures = { credentials, region, clock };
  const upgrade = webSocketUpgrade({
    acceptor,
    accessOf: gate.accessOf,
    authenticate: gatewaySignature(signatures, verifySignatures),
    visitors,
    refuseCertificate: gate.refuseCertificate,
    log,
  });
  const httpsPort = await opened(serveHttp({ host, port: options.httpsPort ?? 0, tls, handle, upgrade }));
  const port = await opened(serveHttp({ host, port: options.port ?? 0, handle, upgrade }));

  const authorityOf = (at: number) => `${reachedAt(host)}:${at}`;
  const info: LocalInfo = {
    endpoint: `http://${authorityOf(port)}`,
    https: `https://${authorityOf(httpsPort)}`,
    mqtt: `mqtt://${authorityOf(mqttPort)}`,
    mqtts: `mqtts://${authorityOf(mqttsPort)}`,
    ca: authority.caPath,
    region,
    ...(dir !== undefined && { dir }),
  };
  const authenticate = verifySignatures ? signatureCheck(signatures) : undefined;
  const addresses = { data: authorityOf(mqttsPort), jobs: authorityOf(httpsPort) };
  ownEndpoint = info.endpoint;
  const iot = iotService({
    engine,
    issuer: authority,
    objects,
    addresses,
    connectivity: broker.connectivity,
    authenticate,
    onRevoked: acceptor.recheck,
  });
  const jobsData = jobsDataService({
    engine,
    authenticate: authenticate && certificateOr(authenticate),
    demand: gate.demand,
  });
  const services = {
    iot: failing("iot", faults, iot),
    "iot-jobs-data": failing("iot-jobs-data", faults, jobsData),
    s3: s3Service({ store, clock, region, credentials, verifySignatures, faults }),
    sts: stsService(authenticate),
  };
  closers.push(async () => acceptor.shutDown());
  const disconnectClient = (clientId: string) => broker.breakOff(clientId);
  const connectedClients = () => broker.connected();
  const admin = adminApi({
    info: () => info,
    secret: options.secret,
    clock,
    faults,
    connectedClients,
    disconnectClient,
  });
  const answer = createRequestListener({
    services,
    admin,
    visitors,
    refuseCertificate: gate.refuseCertificate,
    log,
  });
  openDoor((request, response) => {
    // Clients tell by it whether their own clock is right: URLs and rollouts go by this one.
    response.setHeader("date", new Date(clock.nowMs()).toUTCString());
    answer(request, response);
  });

  return {
    ...info,
    caPem: authority.caPem,
    clock,
    faults,
    disconnectClient,
    info: () => ({ ...info }),
    provisionThing: (thingName) => provisionThing(engine, authority, thingName),
    stop,
  };
}

/** The folder of the state, which no other process has meanwhile, or one that ends with this process. */
async function openFolder(dir: string | undefined, closers: (() => Promise<void>)[]): Promise<string> {
  if (dir === undefined) {
    const { path, remove } = await makeTempFolder("fota-local-");
    closers.push(remove);
    return path;
  }
  await prepareFolder(dir);
  closers.push(await lockFolder(dir));
  return dir;
}

/**
 * Makes the folder and tries whether it takes one in it, before anything else relies on that.
 * @throws {FotaError} LOCAL_DIR_INVALID
 */
async function prepareFolder(dir: string): Promise<void> {
  try {
    await makeFolders(dir, { mkdir, dirname });
    await rmdir(await mkdtemp(join(dir, "trial-")));
  } catch (error) {
    throw refusedFolder(dir, error);
  }
}

function refusedFolder(dir: string, cause: unknown): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `the state cannot be kept in ${dir}: ${messageOf(cause)}`, {
    hint: "give a folder that you may write to, on a disk with room, or leave --dir out",
    cause,
  });
}

function movable(clock: Clock): MovableClock {
  return "advance" in clock ? (clock as MovableClock) : movableClock(clock);
}

/** How an address that is listened on is written in a URL; a wildcard is reached by the loopback. */
function reachedAt(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/** The names under which it was told that it is reached. */
function ownNames({ allowHosts = [], host = "127.0.0.1", publicS3Url }: LocalOptions): string[] {
  const publicName = publicS3Url === undefined ? [] : [new URL(publicS3Url).hostname];
  return [...allowHosts, ...[host, ...publicName].filter((name) => !/^\[|:/.test(name))];
}

function knownCredentials(given: readonly Credentials[] = []): [Credentials, ...Credentials[]] {
  const accessKeyId = process.env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = process.env["AWS_SECRET_ACCESS_KEY"];
  const own = accessKeyId && secretAccessKey ? [{ accessKeyId, secretAccessKey }] : [];
  return [{ accessKeyId: "test", secretAccessKey: "test" }, ...own, ...given];
}
