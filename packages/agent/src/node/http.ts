import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import { FotaError, type ImageUrl, parseImageUrl } from "@fota/shared";
import type { Http, HttpResponse, InterruptSignal } from "../core/ports.js";
import { readRoots } from "./device-identity.js";
import { describeNetworkError } from "./network-error.js";
import { type Given, type Pem, readPems } from "./pem.js";

export interface NodeHttpOptions {
  /** Roots to trust in addition to Node's. Files are read and functions are called for each request. */
  ca?: Given<Pem | readonly Pem[]>;
}

/**
 * Bytes that are buffered before the socket pauses (an option of net.Socket, which http.request passes on). With Node's
 * default of 16 KiB, the socket pauses and resumes for each read while the slot is written.
 */
const READ_AHEAD_BYTES = 512 * 1024;

/**
 * Returns an `Http` over node:http and node:https. Sends the URL byte for byte, as a presigned URL requires, and keeps
 * no connection open. `get` rejects with ENDPOINT_UNREACHABLE. Its message names the host but neither the URL, because
 * anyone who reads a presigned URL in a log can use it, nor any text from the server.
 */
export function nodeHttp(options: NodeHttpOptions = {}): Http {
  return {
    async get(url, headers, timeoutMs, interrupt) {
      const { secure, host, port, path } = parseUrl(url);
      const common = {
        host,
        port,
        path,
        headers: { "accept-encoding": "identity", ...headers },
        agent: false,
        highWaterMark: READ_AHEAD_BYTES,
      };
      const roots = secure && options.ca !== undefined ? await trustedRoots(options.ca) : undefined;
      try {
        return await sendRequest(
          secure ? httpsRequest({ ...common, ...(roots && { ca: roots }) }) : httpRequest(common),
          timeoutMs,
          interrupt,
        );
      } catch (cause) {
        const { text, hint } = describeNetworkError(cause);
        throw new FotaError("ENDPOINT_UNREACHABLE", `no answer from ${host}:${port}: ${text}`, {
          cause,
          ...(hint !== undefined && { hint }),
        });
      }
    },
  };
}

/**
 * Parses an image URL without changing its path, which `new URL` would encode again.
 * @throws {FotaError} ENDPOINT_UNREACHABLE if it is not an image URL
 */
function parseUrl(url: string): ImageUrl {
  const parsed = parseImageUrl(url);
  if (parsed !== undefined) return parsed;
  throw new FotaError("ENDPOINT_UNREACHABLE", "the image URL is not an http or https URL");
}

/** Returns Node's roots, those of NODE_EXTRA_CA_CERTS and ours: the TLS option `ca` replaces the first two. */
async function trustedRoots(ca: Given<Pem | readonly Pem[]>): Promise<(string | Buffer)[]> {
  const extra = process.env["NODE_EXTRA_CA_CERTS"];
  const ours = await readRoots(ca);
  const others = extra ? await readPems(extra, "file of NODE_EXTRA_CA_CERTS") : [];
  return [
    ...rootCertificates,
    ...others.map(({ bytes }) => bytes), // like Node, ignores content that is not a certificate
    ...ours,
  ];
}

function sendRequest(
  request: ClientRequest,
  timeoutMs: number,
  interrupt: InterruptSignal | undefined,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    let open: ClientRequest | IncomingMessage = request;
    const stalled = setTimeout(() => request.destroy(stallError(timeoutMs)), timeoutMs);
    request.once("response", (response) => {
      open = response;
      clearTimeout(stalled);
      resolve({
        status: response.statusCode ?? 0,
        headers: flatten(response.headers),
        body: streamBody(response, timeoutMs),
      });
    });
    request.on("error", (error) => {
      clearTimeout(stalled);
      reject(error);
    });
    const cancel = interrupt?.onInterrupt(() => open.destroy(new Error("interrupted")));
    request.once("close", () => cancel?.());
    request.end();
  });
}

/**
 * Streams the body. Limits each wait for bytes to `timeoutMs`, but not the time that the reader takes between them. If
 * no one reads the body, closes it after the same time.
 */
function streamBody(response: IncomingMessage, timeoutMs: number): AsyncIterable<Uint8Array> {
  const giveUp = () => response.destroy(stallError(timeoutMs));
  let waiting = setTimeout(giveUp, timeoutMs);
  response.once("close", () => clearTimeout(waiting));
  response.on("error", () => {}); // the iterator passes the error to the reader
  return {
    async *[Symbol.asyncIterator]() {
      try {
        const pieces: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
        for (;;) {
          clearTimeout(waiting);
          waiting = setTimeout(giveUp, timeoutMs);
          const { done, value } = await pieces.next();
          clearTimeout(waiting);
          if (done) return;
          yield value;
        }
      } finally {
        clearTimeout(waiting);
        response.destroy();
      }
    },
  };
}

function stallError(timeoutMs: number): Error {
  return Object.assign(new Error(`no byte for ${timeoutMs} ms`), { code: "ETIMEDOUT" });
}

function flatten(headers: IncomingMessage["headers"]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}
