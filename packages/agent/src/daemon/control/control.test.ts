import { statSync } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { connect, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { FotaError } from "@fota/shared";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { eventually } from "../../../../shared/test/eventually.js";
import { lockFolder } from "../../boot/folder-lock.js";
import { askDaemon, connectToDaemon } from "./client.js";
import type { ControlRequest } from "./protocol.js";
import { type ControlHandler, listenForCommands } from "./server.js";

let dir: string;
let close: (() => void) | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-control-"));
});
afterEach(async () => {
  close?.();
  close = undefined;
  await rm(dir, { recursive: true });
});

async function ask(request: ControlRequest, image?: AsyncIterable<Uint8Array>) {
  const socket = await connectToDaemon(dir);
  if (socket === undefined) throw new Error("nothing listens");
  const progress: unknown[] = [];
  const onProgress = (report: unknown) => void progress.push(report);
  const result = await askDaemon(socket, request, { ...(image && { image }), onProgress });
  return { result, progress };
}

async function listen(handler: ControlHandler): Promise<void> {
  close = await listenForCommands(dir, handler, () => {});
}

test("only the user of the daemon can use the socket, and without a daemon there is none", async () => {
  expect(await connectToDaemon(dir)).toBeUndefined();
  await listen(async () => ({ result: "well" }));
  expect((await stat(join(dir, "fota-agent.sock"))).mode & 0o777).toBe(0o600);
  expect(await ask({ command: "status" })).toEqual({ result: "well", progress: [] });
});

test("no other user can use the socket even for a moment, whatever the umask is", async () => {
  const modes: number[] = [];
  const makeSocket = Server.prototype.listen;
  const spy = vi.spyOn(Server.prototype, "listen").mockImplementation(function (this: Server, ...args) {
    Reflect.apply(makeSocket, this, args);
    modes.push(statSync(join(dir, "fota-agent.sock")).mode & 0o777);
    return this;
  });
  const umask = process.umask(0);
  try {
    await listen(async () => ({ result: "well" }));
  } finally {
    spy.mockRestore();
    expect(process.umask(umask)).toBe(0);
  }
  expect(modes).toEqual([0o600]);
});

test("an image is streamed with the request, and progress comes back before the result", async () => {
  await listen(async (_request, body, onProgress) => {
    let bytes = 0;
    for await (const piece of body) {
      bytes += piece.length;
      onProgress({ phase: "downloading", bytes });
    }
    return { result: bytes };
  });
  async function* image() {
    for (let i = 0; i < 40; i += 1) yield Buffer.alloc(64 * 1024);
  }
  const sizeBytes = 40 * 64 * 1024;
  const { result, progress } = await ask({ command: "install", sizeBytes, md5: "", sha256: "" }, image());
  expect(result).toBe(sizeBytes);
  expect(progress.at(-1)).toEqual({ phase: "downloading", bytes: sizeBytes });
});

test("an error of the daemon arrives with code and hint, also while the image is being sent", async () => {
  await listen(async () => {
    throw new FotaError("DEVICE_BUSY", "an update is in progress", { hint: "wait" });
  });
  async function* endless() {
    for (;;) yield Buffer.alloc(64 * 1024);
  }
  const request: ControlRequest = { command: "install", sizeBytes: 1e12, md5: "", sha256: "" };
  await expect(ask(request, endless())).rejects.toMatchObject({ code: "DEVICE_BUSY", hint: "wait" });
});

test("the log has what a command installs, and why it failed; a question for the status is not in it", async () => {
  const lines: string[] = [];
  const handler: ControlHandler = async ({ command }) => {
    if (command === "install") throw new FotaError("DEVICE_BUSY", "slot 1 is on trial", { hint: "wait" });
    return { result: "well" };
  };
  close = await listenForCommands(dir, handler, (level, line) => void lines.push(`${level} ${line}`));
  const image = { command: "install", sizeBytes: 1, md5: "", sha256: "", file: "pump.bin" } as const;
  const document = { bc_version: "2.0.0" };
  await expect(ask({ ...image, document })).rejects.toThrow("slot 1 is on trial");
  await expect(ask({ ...image, version: "2.0.1" })).rejects.toThrow("slot 1 is on trial");
  await ask({ command: "status" });
  await ask({ command: "confirm" });
  expect(lines).toEqual([
    "info command: install pump.bin, version 2.0.0, 1 bytes",
    "warn command install failed: slot 1 is on trial (DEVICE_BUSY)",
    "info command: install pump.bin, version 2.0.1, 1 bytes",
    "warn command install failed: slot 1 is on trial (DEVICE_BUSY)",
    "info command: confirm",
  ]);
});

test("what follows the answer, such as a restart, comes after it", async () => {
  let restart: () => void = () => {};
  const restarted = new Promise<void>((resolve) => {
    restart = resolve;
  });
  await listen(async () => ({ result: "done", after: async () => restart() }));
  expect((await ask({ command: "revert" })).result).toBe("done");
  await restarted;
});

test("a daemon that ends before it has answered is an error with a hint", async () => {
  await listen(async () => {
    close?.();
    return await new Promise(() => {});
  });
  await expect(ask({ command: "confirm" })).rejects.toMatchObject({
    code: "RESPONSE_INVALID",
    hint: expect.stringContaining("fota-agent status"),
  });
});

test("a request that is not valid gets an error, and the next one an answer", async () => {
  await listen(async () => ({ result: "well" }));
  for (const line of ["nonsense", '{"command":"launch"}']) {
    const socket = connect(join(dir, "fota-agent.sock"));
    socket.write(`${line}\n`);
    expect(JSON.parse(await text(socket))).toHaveProperty("error.message");
  }
  expect((await ask({ command: "status" })).result).toBe("well");
});

test("a folder in place of the socket is kept under another name", async () => {
  await mkdir(join(dir, "fota-agent.sock"));
  await listen(async () => ({ result: "well" }));
  expect((await ask({ command: "status" })).result).toBe("well");
  expect((await stat(join(dir, "fota-agent.sock.bad"))).isDirectory()).toBe(true);
});

test("without a place for the socket it says why, once, and listens as soon as there is one", async () => {
  const late = join(dir, "late");
  const lines: string[] = [];
  const log = (level: string, line: string) => void lines.push(`${level} ${line}`);
  close = await listenForCommands(late, async () => ({ result: "well" }), log, 10);
  expect(await connectToDaemon(late)).toBeUndefined();
  await mkdir(late);
  await eventually(async () => (await connectToDaemon(late))?.destroy() ?? expect.fail());
  expect(lines).toEqual([
    expect.stringMatching(/^warn cannot listen for fota-agent status, .*late; make /),
    "info listening for commands",
  ]);
});

test("a daemon that runs and does not listen is not taken for none", async () => {
  await lockFolder(dir, "other");
  expect(await connectToDaemon(dir)).toBeUndefined();
  await lockFolder(dir, "fota-agent");
  await expect(connectToDaemon(dir)).rejects.toMatchObject({
    code: "DEVICE_BUSY",
    message: `fota-agent runs, but does not listen at ${join(dir, "fota-agent.sock")}`,
  });
});

test("a folder with a long name works, too", async () => {
  const short = dir;
  dir = join(dir, "x".repeat(120));

  await mkdir(dir);
  await listen(async () => ({ result: "well" }));
  expect((await ask({ command: "status" })).result).toBe("well");
  close?.();
  dir = short;
});
