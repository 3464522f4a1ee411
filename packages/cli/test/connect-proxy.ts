import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";

/** A forward proxy that leads one address, which is nowhere, to a server of this machine. */
export interface ConnectProxy {
  /** Address of the proxy: `http://127.0.0.1:port`. */
  url: string;
  /** What it was asked for, in order: `CONNECT host:port`, or `GET http://host/path`. */
  asked: string[];
  /** Basic credentials that it demands, as `user:password`. */
  login?: string;
  /** Status that it answers every CONNECT with, instead of a connection. */
  refuseWith?: number;
  stop(): void;
}

/** The certificate of the server behind the proxy, for an IP address, and the file it is in. */
export function makeCertificate(folder: string, address: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, "server.pem"), join(folder, "server.key")];
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const about = ["-subj", "/CN=proxied", "-addext", `subjectAltName=IP:${address}`, "-days", "2"];
  const made = spawnSync("openssl", [...args, ...about, "-keyout", key, "-out", cert], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
  return { cert, key };
}

/**
 * Starts the proxy. A connection to `address` is decrypted with the certificate and goes to `target` as plain HTTP; one
 * without TLS goes there as it is.
 */
export async function startConnectProxy(
  { address, target }: { address: string; target: string },
  certificate: { cert: string; key: string },
): Promise<ConnectProxy> {
  const sockets = new Set<Socket>();
  const { hostname, port } = new URL(target);
  const open = () => connect(Number(port), hostname);
  const pipe = (one: Socket, other: Socket) => {
    for (const socket of [one, other]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
    one.pipe(other).pipe(one);
    one.once("close", () => other.destroy());
  };
  const tls = createTlsServer(
    { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) },
    (plain) => pipe(plain, open()),
  );
  const tlsPort = await listen(tls);
  const mayPass = (header: string | undefined) =>
    proxy.login === undefined || header === `Basic ${Buffer.from(proxy.login).toString("base64")}`;
  const server = createServer((request, response) => {
    proxy.asked.push(`${request.method} ${request.url}`);
    if (!mayPass(request.headers["proxy-authorization"])) return response.writeHead(407).end();
    const url = new URL(request.url ?? "");
    const options = { method: request.method, headers: request.headers, host: hostname, port };
    const forwarded = httpRequest({ ...options, path: `${url.pathname}${url.search}` }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    return request.pipe(forwarded);
  });
  server.on("connect", (request, socket: Socket, head) => {
    proxy.asked.push(`CONNECT ${request.url}`);
    if (!mayPass(request.headers["proxy-authorization"])) return socket.end("HTTP/1.1 407 Login\r\n\r\n");
    if (proxy.refuseWith !== undefined) return socket.end(`HTTP/1.1 ${proxy.refuseWith} No\r\n\r\n`);
    if (!request.url?.startsWith(`${address}:`)) return socket.end("HTTP/1.1 502 Nowhere\r\n\r\n");
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    const way = request.url.endsWith(":443") ? connect(tlsPort, "127.0.0.1") : open();
    if (head.length > 0) way.write(head);
    return pipe(socket, way);
  });
  const proxy: ConnectProxy = {
    url: `http://127.0.0.1:${await listen(server)}`,
    asked: [],
    stop() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      tls.close();
    },
  };
  return proxy;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
