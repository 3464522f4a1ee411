import { request as ask, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a terminal, a shell or a spreadsheet could obey. */
export const HOSTILE = [
  "=cmd",
  "\u0000\u0007\b\v\f\u000e\u001f",
  "\x1b[2J\x1b[45m\x1b]0;title\x07\x1bP1$q\x1b\\",
  "\x7f\x84\x85\x8d\x90\x9b2J\x9d0;t\x9c",
  "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff",
  "\ud800",
  "\r\u2028\u0085\nSPOOF\r\nSPOOF\tend",
].join("");

/** What decides how a command goes on is left as it is: all else may hold anything. */
const KEPT =
  /^(status|.*Status|operation|bc_url|bc_crc|bc_sha256|targetSelection|nextToken|account|Arn|endpointAddress|indexName)$/;

export interface HostileProxy {
  endpoint: string;
  /** Whether job documents are hostile too: a device refuses such a one, and other texts come to be seen. */
  documents: boolean;
  /** Every answer is this error from now on. */
  fail(status: number, name: string): void;
  stop(): Promise<void>;
}

/** A service in front of `target` that adds `HOSTILE` to every text of its JSON, and knows texts by it again. */
export async function startHostileProxy(target: string): Promise<HostileProxy> {
  let failure: { status: number; name: string } | undefined;
  const server = createServer((request, response) => {
    if (failure !== undefined) {
      const { status, name } = failure;
      response.writeHead(status, { "x-amzn-errortype": name, connection: "close" });
      return void response.end(JSON.stringify({ message: HOSTILE, Message: HOSTILE }));
    }
    const url = new URL(withoutHostile(request.url ?? "/"), target);
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { host: _host, "content-length": _length, ...headers } = request.headers;
      const passed = ask(url, { method: request.method, headers }, (answer) => {
        const got: Buffer[] = [];
        answer.on("data", (piece: Buffer) => got.push(piece));
        answer.on("end", () => {
          const { "content-length": _old, ...back } = answer.headers;
          const body = Buffer.concat(got);
          const isJson = String(answer.headers["content-type"]).includes("json");
          const text =
            isJson && body.length > 0 ? JSON.stringify(hostile(JSON.parse(body.toString()), "")) : body;
          response
            .writeHead(answer.statusCode ?? 500, request.method === "HEAD" ? answer.headers : back)
            .end(text);
        });
      });
      passed.on("error", () => response.destroy());
      passed.end(Buffer.concat(pieces));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: HostileProxy = {
    documents: true,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail(status, name) {
      failure = { status, name };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;

  function hostile(value: unknown, key: string): unknown {
    if (key === "document" && typeof value === "string") {
      return proxy.documents ? JSON.stringify(hostile(JSON.parse(value), "")) : value;
    }
    if (typeof value === "string") return KEPT.test(key) ? value : `${value}${HOSTILE}`;
    if (Array.isArray(value)) return value.map((item) => hostile(item, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, hostile(inner, name)]));
  }
}

/** A half of a surrogate pair does not survive a URL. */
function withoutHostile(url: string): string {
  const encoded = encodeURIComponent(HOSTILE.replace("\ud800", "\ufffd"));
  return url.replaceAll(encoded, "").replaceAll(new RegExp(encoded, "gi"), "");
}
