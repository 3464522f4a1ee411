import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { FotaError } from "@fota/shared";
import { type AwsCall, translateAwsError } from "./errors.js";
import { noteHost } from "./hosts.js";
import { type SigningCredentials, signedHeaders } from "./sigv4.js";

// IAM and STS by hand: a client of the SDK for each would double the size of the bundle.

const ANSWER_TIMEOUT_MS = 10_000;

export interface QueryRequest {
  service: "iam" | "sts";
  endpoint: string;
  /** That the service is signed for. */
  region: string;
  /** `Action`, `Version` and what the action takes. */
  parameters: Record<string, string>;
}

export interface QueryAnswer {
  status: number;
  /** XML. */
  text: string;
  /** The service's own clock, to the second. */
  serverTime: Date | undefined;
}

/** One request to one of AWS's query APIs. Refusals are answers too. @throws when no answer comes */
export async function queryAws(
  { service, endpoint, region, parameters }: QueryRequest,
  credentials: SigningCredentials,
  { ca, signal }: { ca: string[] | undefined; signal: AbortSignal },
): Promise<QueryAnswer> {
  const url = new URL("/", endpoint);
  const body = new URLSearchParams(parameters).toString();
  const headers = signedHeaders({ url, body, service, region }, credentials, new Date());
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return await new Promise((resolve, reject) => {
    const options = { method: "POST", headers, agent: false, timeout: ANSWER_TIMEOUT_MS, signal };
    const request = send(url, { ...options, ...(ca !== undefined && { ca }) }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, text, serverTime: serverTimeOf(response) });
      });
      response.on("error", reject);
    });
    request.on("timeout", () =>
      request.destroy(Object.assign(new Error("no answer"), { name: "TimeoutError" })),
    );
    request.on("error", (error) => {
      noteHost(error, url.hostname, Number(url.port) || (url.protocol === "http:" ? 80 : 443));
      reject(error);
    });
    request.end(body);
  });
}

/** AWS's name of the error in a refusal. */
export function errorNameIn({ status, text }: QueryAnswer): string {
  return elementIn(text, "Code") ?? `HTTP ${status}`;
}

/** A refusal in our words. */
export function refusalOf(answer: QueryAnswer, call: AwsCall): FotaError {
  const name = errorNameIn(answer);
  // What is no query API, such as a stand-in without the service, has its own form.
  const message = elementIn(answer.text, "Message") ?? /"message": *"([^"]*)"/.exec(answer.text)?.[1] ?? name;
  const $response = { headers: { date: answer.serverTime?.toUTCString() } };
  const $metadata = { httpStatusCode: answer.status, requestId: elementIn(answer.text, "RequestId") };
  return translateAwsError(Object.assign(new Error(message), { name, $response, $metadata }), call);
}

/** The text of the first element of that name: these answers have no attributes and no markup inside. */
export function elementIn(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

function serverTimeOf({ headers }: IncomingMessage): Date | undefined {
  const time = new Date(headers.date ?? "");
  return Number.isNaN(time.getTime()) ? undefined : time;
}
