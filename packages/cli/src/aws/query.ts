import { text as textOf } from "node:stream/consumers";
import { HttpRequest } from "@smithy/core/protocols";
import { Hash } from "@smithy/core/serde";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { SignatureV4 } from "@smithy/signature-v4";
import { given } from "../given.js";
import type { AwsAccess } from "./access.js";
import { noteHost } from "./hosts.js";
import type { EndpointSwitches, QueryEndpoint } from "./query-endpoints.js";
import { logged } from "./request-log.js";
import { type Service, serviceOf } from "./service.js";
import type { Identity } from "./session.js";

// IAM and STS through their query API: an SDK client for each would double the size of the bundle.

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;

/** Says who signs, and which region and switches select the endpoint. */
export type Signer = Pick<Identity, "region" | "credentials" | "switches">;

interface QueryService {
  /** The name in the scope of a signature. */
  service: "iam" | "sts";
  /** The version of the API, a date. */
  version: string;
  endpointOf(region: string, switches: EndpointSwitches): QueryEndpoint;
}

interface QueryAnswer {
  /** XML. */
  text: string;
  /** The service's own clock, in whole seconds. */
  date: string | undefined;
}

/** Sends signed requests to a service with a query API. */
export interface QueryClient {
  /** Sends one request. @throws an error with the name, message and metadata of an SDK error, when AWS refuses */
  send(
    action: string,
    parameters: Record<string, string>,
    options: { abortSignal: AbortSignal },
  ): Promise<QueryAnswer>;
}

export function openQueryService(
  { service, version, endpointOf }: QueryService,
  {
    endpoint,
    ca,
    onRequest,
    proxies,
  }: { endpoint: string | undefined } & Pick<AwsAccess, "ca" | "onRequest" | "proxies">,
  { region, credentials, switches }: Signer,
  signal: AbortSignal,
): Service<QueryClient> {
  const place = endpointOf(region, switches);
  const url = new URL(endpoint ?? place.endpoint);
  const signer = new SignatureV4({
    service,
    region: place.region,
    credentials,
    sha256: Hash.bind(null, "sha256"),
  });
  const handler = new NodeHttpHandler({
    connectionTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: ANSWER_TIMEOUT_MS,
    // A connection per request: there are few requests, and no connection is left to close.
    httpAgent: { keepAlive: false },
    httpsAgent: { keepAlive: false, ...(ca !== undefined && { ca }) },
    ...proxies?.openAgents(),
  });

  async function send(action: string, parameters: Record<string, string>, abortSignal: AbortSignal) {
    const body = new URLSearchParams({ Action: action, ...parameters, Version: version }).toString();
    const headers = {
      host: url.host,
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      "content-length": String(body.length),
    };
    const { protocol, hostname } = url;
    const port = url.port === "" ? undefined : Number(url.port);
    const unsigned = new HttpRequest({
      method: "POST",
      protocol,
      hostname,
      ...given({ port }),
      path: "/",
      headers,
      body,
    });
    const request = (await signer.sign(unsigned)) as HttpRequest;
    try {
      const { response } = await handler.handle(request, { abortSignal });
      return { response, text: await textOf(response.body) };
    } catch (error) {
      noteHost(error, hostname, port ?? (protocol === "http:" ? 80 : 443));
      throw error;
    }
  }

  const client: QueryClient = {
    async send(action, parameters, { abortSignal }) {
      const about = { service: service.toUpperCase(), operation: action, host: url.host };
      const answered = async () => {
        const { response, text } = await send(action, parameters, abortSignal);
        const { statusCode, headers } = response;
        if (statusCode !== 200) throw refusal(statusCode, headers, text);
        return { text, date: headers["date"] };
      };
      return await logged(onRequest, about, answered, ({ text }) => ({
        status: 200,
        requestId: elementIn(text, "RequestId"),
      }));
    },
  };
  return serviceOf(client, endpoint, signal);
}

/** Returns the error that the SDK would throw. */
function refusal(status: number, headers: Record<string, string>, text: string): Error {
  const name = elementIn(text, "Code") ?? `HTTP ${status}`;
  // A server without the query API, such as a stand-in without the service, has its own format.
  const message = elementIn(text, "Message") ?? /"message": *"([^"]*)"/.exec(text)?.[1] ?? name;
  const $metadata = { httpStatusCode: status, requestId: elementIn(text, "RequestId") };
  return Object.assign(new Error(message), { name, $response: { headers }, $metadata });
}

/** Returns the text of the first element with that name: these answers have no attributes and no nested markup. */
export function elementIn(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}
