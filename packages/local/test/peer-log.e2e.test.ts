import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";

let local: Local;
let lines: string[];
/** Resolves with the next line of the stand-in's log. */
let nextLine: () => Promise<string>;

beforeAll(async () => {
  lines = [];
  let tell: (line: string) => void = () => {};
  nextLine = () =>
    new Promise((resolve) => {
      tell = resolve;
    });
  local = await startLocal({
    log: (line) => {
      lines.push(line);
      tell(line);
    },
  });
});
afterAll(async () => {
  await local.stop();
  expect(lines.filter((line) => line.includes("undefined"))).toEqual([]);
});

const portOf = (url: string) => Number(new URL(url).port);

async function addressed(socket: Socket): Promise<string> {
  await once(socket, "connect");
  return `127.0.0.1:${socket.localPort}`;
}

test("a device that trusts another CA is logged with its address and the likely cause", async () => {
  const line = nextLine();
  const socket = connectTls({ host: "127.0.0.1", port: portOf(local.mqtts), ca: [] });
  socket.on("error", () => {});
  const address = await addressed(socket);
  expect(await line).toMatch(
    new RegExp(`^mqtts: client at ${address} refused: .+: check that it trusts this stand-in's CA`),
  );
});

test("clients without a certificate, without TLS, or that reset are logged too", async () => {
  const withoutCertificate = nextLine();
  const bare = connectTls({ host: "127.0.0.1", port: portOf(local.mqtts), ca: local.caPem });
  bare.on("error", () => {});
  const bareAddress = await addressed(bare);
  expect(await withoutCertificate).toContain(`client at ${bareAddress} refused: `);

  const noTls = nextLine();
  const plain = connect(portOf(local.mqtts), "127.0.0.1");
  plain.on("error", () => {});
  const plainAddress = await addressed(plain);
  plain.write("GET / HTTP/1.0\r\n\r\n");
  expect(await noTls).toContain(`client at ${plainAddress} refused: `);

  const reset = nextLine();
  const gone = connect(portOf(local.mqtts), "127.0.0.1");
  const goneAddress = await addressed(gone);
  // A handshake that has begun: its first bytes, and then a reset.
  gone.write(Buffer.from([22, 3, 1, 0, 200, 1]), () => gone.resetAndDestroy());
  expect(await reset).toContain(`client at ${goneAddress} refused: `);
});
