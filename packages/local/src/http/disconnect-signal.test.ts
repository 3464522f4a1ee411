import { once } from "node:events";
import { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { disconnectSignal } from "./disconnect-signal.js";

test("aborts when the connection closes, and afterwards is aborted at once", async () => {
  const socket = new Socket();
  const signal = disconnectSignal(socket);
  expect(signal.aborted).toBe(false);
  socket.destroy();
  await once(signal, "abort");
  const closed = new Socket().destroy();
  expect(disconnectSignal(closed).aborted).toBe(true);
});

test("may be watched by many requests of one connection", async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error) => warnings.push(name);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  const socket = new Socket();
  for (let count = 0; count < 20; count += 1) {
    disconnectSignal(socket).addEventListener("abort", () => undefined);
  }
  socket.destroy();
  await once(disconnectSignal(socket), "abort");
  expect(warnings).toEqual([]);
});
