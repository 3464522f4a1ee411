import type { RequestListener } from "node:http";
import { tlsOptions } from "../certificates/tls.js";
import type { Closers } from "../closers.js";
import type { FaultSource, Faults } from "../faults/faults.js";
import { serveHttp } from "../http/server.js";
import { createVisitors } from "../http/visitors.js";
import { webSocketUpgrade } from "../mqtt/websocket.js";
import { certificateOr, gatewaySignature, signatureCheck } from "../rest/authenticate.js";
import { s3Service } from "../s3/service.js";
import { adminApi } from "../services/admin.js";
import { iotService } from "../services/iot.js";
import { jobsDataService } from "../services/jobs-data.js";
import { createRequestListener } from "../services/request-listener.js";
import { failing } from "../services/service-error.js";
import { stsService } from "../services/sts.js";
import type { BrokerSide } from "./broker.js";
import { type LocalInfo, type LocalOptions, urlHost } from "./options.js";
import type { State } from "./state.js";

/** Listens for HTTP and HTTPS and serves all AWS services and `/_fota/` there. @throws {FotaError} PORT_IN_USE */
export async function startServices(
  options: LocalOptions,
  state: State,
  mqtt: BrokerSide,
  { faults, dir, closers }: { faults: Faults & FaultSource; dir: string | undefined; closers: Closers },
): Promise<LocalInfo> {
  const { host = "127.0.0.1", log = () => undefined, verifySignatures = false } = options;
  const { region, clock, credentials, authority } = state;
  const { authorizer, connections } = mqtt;
  const visitors = createVisitors({
    allowHosts: ownNames(options),
    allowOrigins: options.allowOrigins ?? [],
  });
  const upgrade = webSocketUpgrade({
    acceptor: connections,
    accessOf: authorizer.accessOf,
    authenticate: gatewaySignature({ credentials, region, clock }, verifySignatures),
    visitors,
    refuseCertificate: authorizer.refuseCertificate,
    log,
  });
  // The services give the ports in their answers, so they are made after them; earlier requests wait for them.
  let setListener: (listener: RequestListener) => void = () => undefined;
  const ready = new Promise<RequestListener>((resolve) => {
    setListener = resolve;
  });
  const handle: RequestListener = (request, response) => {
    void ready.then((listener) => listener(request, response));
  };
  const tls = tlsOptions(authority, options.allowHosts ?? []);
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
      addresses: { data: addressOf(mqtt.mqttsPort), jobs: addressOf(https.port) },
    }),
    admin: adminApi({
      info: () => info,
      secret: options.secret,
      clock,
      faults,
      connectedClients: () => mqtt.broker.connected(),
      disconnectClient: (clientId) => mqtt.broker.breakOff(clientId),
    }),
    visitors,
    refuseCertificate: authorizer.refuseCertificate,
    log,
  });
  setListener((request, response) => {
    // Clients tell by it whether their own clock is right: URLs and rollouts go by this one.
    response.setHeader("date", new Date(clock.nowMs()).toUTCString());
    answer(request, response);
  });
  return info;
}

function makeServices(
  { verifySignatures = false }: LocalOptions,
  { engine, authority, objects, region, clock, credentials, store }: State,
  { authorizer, broker, connections }: BrokerSide,
  { faults, addresses }: { faults: Faults & FaultSource; addresses: { data: string; jobs: string } },
) {
  const authenticate = verifySignatures ? signatureCheck({ credentials, region, clock }) : undefined;
  const iot = iotService({
    engine,
    issuer: authority,
    objects,
    addresses,
    connectivity: broker.connectivity,
    authenticate,
    onRevoked: connections.recheck,
  });
  const jobsData = jobsDataService({
    engine,
    authenticate: authenticate && certificateOr(authenticate),
    demand: authorizer.demand,
  });
  return {
    iot: failing("iot", faults, iot),
    "iot-jobs-data": failing("iot-jobs-data", faults, jobsData),
    s3: s3Service({ store, clock, region, credentials, verifySignatures, faults }),
    sts: stsService(authenticate),
  };
}

/** Returns the host names by which the options say that it is reached. */
function ownNames({ allowHosts = [], host = "127.0.0.1", publicS3Url }: LocalOptions): string[] {
  const publicName = publicS3Url === undefined ? [] : [new URL(publicS3Url).hostname];
  return [...allowHosts, ...[host, ...publicName].filter((name) => !/^\[|:/.test(name))];
}
