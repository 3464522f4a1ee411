import type { RequestListener } from "node:http";
import { tlsOptions } from "../certificates/tls.js";
import type { Closers } from "../closers.js";
import type { FaultSource, Faults } from "../faults/faults.js";
import { createRequestGuard } from "../http/request-guard.js";
import { serveHttp } from "../http/server.js";
import { webSocketUpgrade } from "../mqtt/websocket.js";
import {
  createGatewayCheck,
  createSignatureCheck,
  createTokenCheck,
  unlessCertificate,
} from "../rest/authenticate.js";
import { s3Service } from "../s3/service.js";
import { adminApi } from "../services/admin.js";
import { credentialProvider } from "../services/credential-provider.js";
import { iotService } from "../services/iot.js";
import { iotDataService } from "../services/iot-data.js";
import { jobsDataService } from "../services/jobs-data.js";
import { createRequestListener } from "../services/request-listener.js";
import { withErrorFaults } from "../services/service-error.js";
import { stsService } from "../services/sts.js";
import type { BrokerSide } from "./broker.js";
import {
  certificateNames,
  endpointAddress,
  type LocalInfo,
  type LocalOptions,
  publicHost,
  urlHost,
} from "./options.js";
import type { State } from "./state.js";

/** Ports that clients of AWS use without being told. */
const MQTTS_PORT = 8883;
const HTTPS_PORT = 443;

/** The time that Node.js itself puts into Date headers, also where a test has replaced the global `Date`. */
const systemNowMs = Date.now;

/** Listens for HTTP and HTTPS, and serves all AWS services and `/_fota/`. @throws {FotaError} PORT_IN_USE */
export async function startServices(
  options: LocalOptions,
  state: State,
  mqtt: BrokerSide,
  { faults, dir, closers }: { faults: Faults & FaultSource; dir: string | undefined; closers: Closers },
): Promise<LocalInfo> {
  const { host = "127.0.0.1", log = () => undefined, verifySignatures = false } = options;
  const { region, clock, credentials, temporaryKeys, authority } = state;
  const { authorizer, connections } = mqtt;
  const requestGuard = createRequestGuard({
    allowHosts: allowedHosts(options),
    allowOrigins: options.allowOrigins ?? [],
  });
  const upgrade = webSocketUpgrade({
    connections,
    accessOf: authorizer.accessOf,
    authenticate: createGatewayCheck({ credentials, temporaryKeys, region, clock }, verifySignatures),
    requestGuard,
    certificateRefusal: authorizer.certificateRefusal,
    isRegistered: authorizer.isRegistered,
    log,
  });
  // The services need the ports for their answers, so they are created after both servers; earlier requests wait.
  const early: Parameters<RequestListener>[] = [];
  let listener: RequestListener = (...request) => early.push(request);
  const handle: RequestListener = (request, response) => listener(request, response);
  const tls = tlsOptions(authority, certificateNames(options));
  const https = await closers.own(serveHttp({ host, port: options.httpsPort ?? 0, tls, handle, upgrade }));
  const http = await closers.own(serveHttp({ host, port: options.port ?? 0, handle, upgrade }));

  const addressOf = (port: number) => `${urlHost(options)}:${port}`;
  const info: LocalInfo = {
    endpoint: `http://${addressOf(http.port)}`,
    https: `https://${addressOf(https.port)}`,
    mqtt: `mqtt://${addressOf(mqtt.mqttPort)}`,
    mqtts: `mqtts://${addressOf(mqtt.mqttsPort)}`,
    ca: authority.caPath,
    region,
    ...(dir !== undefined && { dir }),
  };
  state.setEndpoint(info.endpoint);
  const answer = createRequestListener({
    services: makeServices(options, state, mqtt, {
      faults,
      addresses: {
        data: endpointAddress(options, mqtt.mqttsPort, MQTTS_PORT),
        https: endpointAddress(options, https.port, HTTPS_PORT),
      },
    }),
    admin: adminApi({
      info: () => info,
      secret: options.secret,
      clock,
      faults,
      connectedClients: () => mqtt.broker.connected(),
      disconnectClient: (clientId) => mqtt.broker.breakConnection(clientId),
      ruleTraffic: () => mqtt.broker.ruleTraffic(),
    }),
    requestGuard,
    certificateRefusal: authorizer.certificateRefusal,
    isRegistered: authorizer.isRegistered,
    log,
  });
  listener = (request, response) => {
    // Clients correct their own clock by it: URLs and rollouts use the stand-in's clock. The system's time is the default.
    const nowMs = clock.nowMs();
    if (Math.abs(nowMs - systemNowMs()) >= 500) response.setHeader("date", new Date(nowMs).toUTCString());
    answer(request, response);
  };
  for (const request of early) listener(...request);
  return info;
}

function makeServices(
  { verifySignatures = false, log = () => undefined }: LocalOptions,
  { engine, authority, objects, region, clock, credentials, temporaryKeys, store }: State,
  { authorizer, broker, connections, answerRequest }: BrokerSide,
  { faults, addresses }: { faults: Faults & FaultSource; addresses: { data: string; https: string } },
) {
  const keys = { credentials, temporaryKeys, region, clock };
  const authenticate = verifySignatures ? createSignatureCheck(keys) : createTokenCheck(keys);
  const provider = credentialProvider({ engine, temporaryKeys, refusal: authorizer.refusal, log });
  const iot = iotService({
    engine,
    issuer: authority,
    objects,
    addresses,
    connectivity: broker.connectivity,
    authenticate,
    onRevoked: connections.recheck,
  });
  const forDevices = {
    engine,
    authenticate: unlessCertificate(authenticate),
    authorize: authorizer.authorize,
  };
  return {
    iot: withErrorFaults("iot", faults, iot),
    "iot-credentials": withErrorFaults("iot-credentials", faults, provider),
    "iot-data": withErrorFaults("iot-data", faults, iotDataService({ ...forDevices, broker, answerRequest })),
    "iot-jobs-data": withErrorFaults("iot-jobs-data", faults, jobsDataService(forDevices)),
    s3: s3Service({ ...keys, store, verifySignatures, faults }),
    sts: stsService(authenticate),
  };
}

/** Returns the host names that the options name or imply. */
function allowedHosts({ allowHosts = [], host = "127.0.0.1", publicS3Url }: LocalOptions): string[] {
  return [...allowHosts, ...[host, ...publicHost(publicS3Url)].filter((name) => !name.includes(":"))];
}
