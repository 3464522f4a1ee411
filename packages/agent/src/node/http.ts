import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import { FotaError, type ImageUrl, parseImageUrl } from "@fota/shared";
import type { Http, HttpResponse, InterruptSignal } from "../core/ports.js";
import { readRoots } from "./device-identity.js";
import { describeNetworkError } from "./network-error.js";
import { type Given, type Pem, readPems } from "./pem.js";

export interface NodeHttpOptions {
  /** Roots to trust beside Node's own. Files are read again and functions called again for each request. */
  ca?: Given<Pem | readonly Pem[]>;
}

/**
 * Bytes that wait for a reader before the socket rests (an option of net.Socket, which http.request hands on). With
 * Node's own 16 KiB it rests and starts again for each read, while the slot is written.
 */
const READ_AHEAD_BYTES = 512 * 1024;

/**
 * GET over node:http and node:https. The URL goes out byte for byte, as a presigned one is signed that way; no
 * connection is kept. Rejects with ENDPOINT_UNREACHABLE, whose message has the host and never the URL, as whoever
 * reads a presigned URL in a log can use it, and no text of the server.
 */
export function nodeHttp(options: NodeHttpOptions = {}): Http {
  return {
    async get(url, headers, timeoutMs, interrupt) {
      const { secure, host, port, path } = splitUrl(url);
      const common = {
        host,
        port,
        path,
        headers: { "accept-encoding": "identity", ...headers },
        agent: false,
        highWaterMark: READ_AHEAD_BYTES,
      };
      const roots = secure && options.ca !== undefined ? await trustedRoots(options.ca) : undefined;
      const place = `${host}:${port}`;
      try {
        return await answerOf(
          secure ? httpsRequest({ ...common, ...(roots && { ca: roots }) }) : httpRequest(common),
          timeoutMs,
          interrupt,
        );
      } catch (cause) {
        const { words, hint } = describeNetworkError(cause);
        throw new FotaError("ENDPOINT_UNREACHABLE", `no answer from ${place}: ${words}`, {
          cause,
          ...(hint !== undefined && { hint }),
        });
      }
    },
  };
}

/** @throws {FotaError} ENDPOINT_UNREACHABLE when it is not an image URL; `new URL` would encode its path anew */
function splitUrl(url: string): ImageUrl {
  const parsed = parseImageUrl(url);
  if (parsed !== undefined) return parsed;
  throw new FotaError("ENDPOINT_UNREACHABLE", "the URL of the image is no http or https URL");
}

/** `ca` replaces Node's roots and those of NODE_EXTRA_CA_CERTS, so both are named along with ours. */
async function trustedRoots(ca: Given<Pem | readonly Pem[]>): Promise<(string | Buffer)[]> {
  const extra = process.env["NODE_EXTRA_CA_CERTS"];
  const ours = await readRoots(ca);
  const others = extra ? await readPems(extra, "file of NODE_EXTRA_CA_CERTS") : [];
  return [
    ...rootCertificates,
    ...others.map(({ bytes }) => bytes), // as Node takes that file: what is no certificate in it is left out
    ...ours,
  ];
}

function answerOf(
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
        body: bodyOf(response, timeoutMs),
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
 * The body with a limit on each wait for bytes, but none on what the reader does between them. A body that nobody
 * reads is closed after the same time.
 */
function bodyOf(response: IncomingMessage, timeoutMs: number): AsyncIterable<Uint8Array> {
  const giveUp = () => response.destroy(stallError(timeoutMs));
  let waiting = setTimeout(giveUp, timeoutMs);
  response.once("close", () => clearTimeout(waiting));
  response.on("error", () => {}); // the reader gets it from the iterator; without a reader nobody minds
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
