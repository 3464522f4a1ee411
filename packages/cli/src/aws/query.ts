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

// IAM and STS by their query API: a client of the SDK for each would double the size of the bundle.

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;

/** Who signs, and what decides where the service is. */
export type Signer = Pick<Identity, "region" | "credentials" | "switches">;

interface QueryService {
  /** As in the scope of a signature. */
  service: "iam" | "sts";
  /** Version of its API, a date. */
  version: string;
  endpointOf(region: string, switches: EndpointSwitches): QueryEndpoint;
}

interface QueryAnswer {
  /** XML. */
  text: string;
  /** The service's own clock, to the second. */
  date: string | undefined;
}

/** Sends signed requests to a service with a query API. */
export interface QueryClient {
  /** @throws an error with the name, message and metadata that an error of the SDK has, when AWS refuses */
  send(
    action: string,
    parameters: Record<string, string>,
    options: { abortSignal: AbortSignal },
  ): Promise<QueryAnswer>;
}

export function openQueryService(
  { service, version, endpointOf }: QueryService,
  { endpoint, ca, onRequest }: { endpoint: string | undefined } & Pick<AwsAccess, "ca" | "onRequest">,
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
    // A connection for each request: there are few, and nothing is left to close.
    httpAgent: { keepAlive: false },
    httpsAgent: { keepAlive: false, ...(ca !== undefined && { ca }) },
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

/** What an error of the SDK would be. */
function refusal(status: number, headers: Record<string, string>, text: string): Error {
  const name = elementIn(text, "Code") ?? `HTTP ${status}`;
  // What is no query API, such as a stand-in without the service, has its own form.
  const message = elementIn(text, "Message") ?? /"message": *"([^"]*)"/.exec(text)?.[1] ?? name;
  const $metadata = { httpStatusCode: status, requestId: elementIn(text, "RequestId") };
  return Object.assign(new Error(message), { name, $response: { headers }, $metadata });
}

/** The text of the first element of that name: these answers have no attributes and no markup inside. */
export function elementIn(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}
