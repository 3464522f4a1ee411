import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** A forward proxy on 127.0.0.1. Each name that it is asked for leads to a port of this machine. */
export class ConnectProxy {
  /** What it was asked for, in order: `CONNECT host:port`, or `GET http://host/path`. */
  readonly asked: string[] = [];
  /** The first bytes of each tunnel. */
  readonly greetings: string[] = [];
  /** Basic credentials that it demands, as `user:password`. */
  login: string | undefined;
  /** Status that it answers every CONNECT with. */
  refuseWith: number | undefined;
  /** Does not answer. */
  isSilent = false;
  readonly #routes: Readonly<Record<string, number>>;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();

  /** @param routes port of this machine for each `host:port` */
  constructor(routes: Readonly<Record<string, number>>, tls?: ServerOptions) {
    this.#routes = routes;
    this.#server = tls === undefined ? createServer() : createTlsServer(tls);
    this.#server.on("connection", (socket: Socket) => this.#watch(socket));
    this.#server.on("connect", (asked: IncomingMessage, socket: Duplex) => this.#connect(asked, socket));
    this.#server.on("request", (asked, answer) => {
      this.asked.push(`${asked.method} ${asked.url}`);
      if (!this.#mayPass(asked)) return void answer.writeHead(407).end();
      const { host, pathname, search } = new URL(asked.url ?? "");
      const { method, headers } = asked;
      const path = `${pathname}${search}`;
      request({ host: "127.0.0.1", port: this.#routes[host], method, path, headers }, (passed) => {
        passed.pipe(answer.writeHead(passed.statusCode ?? 502, passed.headers));
      }).end();
    });
  }

  /** @param port default: a free one */
  async listen(port = 0): Promise<this> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect(asked: IncomingMessage, socket: Duplex): void {
    this.asked.push(`CONNECT ${asked.url}`);
    if (this.isSilent) return void socket.resume().once("end", () => socket.destroy());
    if (!this.#mayPass(asked)) return void socket.end("HTTP/1.1 407 s3cret text\r\n\r\n");
    const port = this.#routes[asked.url ?? ""];
    const refusal = this.refuseWith ?? (port === undefined ? 502 : undefined);
    if (refusal !== undefined || port === undefined) return void socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`);
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    socket.once("data", (bytes: Buffer) => this.greetings.push(bytes.toString("latin1")));
    const onward = connect(port, "127.0.0.1");
    this.#watch(onward);
    socket.pipe(onward).pipe(socket);
    socket.once("close", () => onward.destroy());
    onward.once("close", () => socket.destroy());
  }

  #mayPass({ headers }: IncomingMessage): boolean {
    const expected = `Basic ${Buffer.from(this.login ?? "").toString("base64")}`;
    return this.login === undefined || headers["proxy-authorization"] === expected;
  }

  #watch(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
