import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { startFota } from "./cli.js";

const PORTS = ["--port", "--https-port", "--mqtt-port", "--mqtts-port"].flatMap((port) => [port, "0"]);
/** MQTT 3.1.1 of client `a`, as the standard has it byte by byte. */
const CONNECT = Buffer.from([0x10, 13, 0, 4, ...Buffer.from("MQTT"), 4, 2, 0, 60, 0, 1, 0x61]);
const NOT_AUTHORIZED = [0x20, 2, 0, 5];

test("who is refused, and why, is told to the person who runs the stand-in", async () => {
  const local = startFota(["local", "--strict", ...PORTS]);
  const line = await local.line((text) => text.includes("mqtt://"));
  const port = Number(/mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
  const socket = connect(port, "127.0.0.1");
  socket.write(CONNECT);
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect([...answer]).toEqual(NOT_AUTHORIZED);
  socket.destroy();
  local.child.kill("SIGTERM");
  const { code, stderr } = await local.ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/^mqtt: a at 127\.0\.0\.1:\d+ refused: .+$/m);
});

test("a terminal that is closed (SIGHUP) ends the stand-in in good order", async () => {
  const local = startFota(["local", ...PORTS]);
  await local.line((text) => text.includes("mqtt://"));
  local.child.kill("SIGHUP");
  expect((await local.ended).code).toBe(0);
});
