import { spawnSync } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Local, type LocalInfo, startLocal } from "@fota/local";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { speedUpClock } from "../../test/fast-clock.js";
import { saveAddress, savedAddresses } from "./address-file.js";
import { defaultOf, findAgain, findStandIn } from "./find.js";

const OTHER_UID = 65_534;
const isRoot = process.geteuid?.() === 0;
/** A process id that nothing has any more. */
const endedPid = spawnSync(process.execPath, ["--version"]).pid;
const signal = new AbortController().signal;
let folder: string;
let env: Record<string, string>;
let closers: (() => Promise<unknown>)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-runtime-"));
  env = { XDG_RUNTIME_DIR: join(folder, "run"), TMPDIR: folder };
  await mkdir(join(folder, "run"), { mode: 0o700 });
  closers = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closers) await close();
  await rm(folder, { recursive: true });
});

async function start(secret: string, dir?: string): Promise<Local> {
  const local = await startLocal({ secret, ...(dir !== undefined && { dir }) });
  closers.push(() => local.stop());
  return local;
}

async function answering(listener: RequestListener): Promise<string> {
  const server: Server = createHttpServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const find = (endpoint?: string) => findStandIn(endpoint, { env, signal });
const files = () => readdir(join(folder, "run", "fota"));

test("the running one is found by the address that it left, and taking that back leaves nothing", async () => {
  const local = await start("s1");
  const forget = await saveAddress({ env }, { endpoint: local.endpoint, pid: process.pid, secret: "s1" });
  expect(await find()).toEqual(local.info());
  await forget();
  expect(await files()).toEqual([]);
  await expect(find()).rejects.toMatchObject({ code: "LOCAL_NOT_RUNNING" });
});

test("only its user can read or write the address", async () => {
  await saveAddress({ env }, { endpoint: "http://127.0.0.1:1", pid: process.pid, secret: "s" });
  const [name = ""] = await files();
  expect((await stat(join(folder, "run", "fota"))).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, "run", "fota", name))).mode & 0o777).toBe(0o600);
});

test("another stand-in that took the port is not used, and the stale address goes", async () => {
  const foreign = await start("another");
  await saveAddress({ env }, { endpoint: foreign.endpoint, pid: endedPid, secret: "ours" });
  await expect(find()).rejects.toMatchObject({ code: "LOCAL_NOT_RUNNING" });
  expect(await files()).toEqual([]);
});

test("a server that gives no proof is not used, whatever else it answers", async () => {
  const info = { endpoint: "x", https: "x", mqtt: "x", mqtts: "x", ca: "x", region: "x" };
  for (const proof of [undefined, "", "0".repeat(64)]) {
    const endpoint = await answering((_request, response) =>
      response.end(JSON.stringify({ ...info, proof })),
    );
    await saveAddress({ env }, { endpoint, pid: process.pid, secret: "ours" });
  }
  await expect(find()).rejects.toMatchObject({ code: "LOCAL_NOT_RUNNING" });
});

test("an address that kill -9 left is forgotten; one whose process lives is kept", async () => {
  await saveAddress({ env }, { endpoint: "http://127.0.0.1:1", pid: endedPid, secret: "s" });
  await saveAddress({ env }, { endpoint: "http://127.0.0.1:1", pid: process.pid, secret: "s" });
  await expect(find()).rejects.toMatchObject({ code: "LOCAL_NOT_RUNNING" });
  expect(await savedAddresses({ env })).toMatchObject([{ pid: process.pid }]);
});

test("of several the one that runs is used, and two that run are not chosen from", async () => {
  const [one, two] = [await start("s1"), await start("s2")];
  await saveAddress({ env }, { endpoint: "http://127.0.0.1:1", pid: endedPid, secret: "gone" });
  await saveAddress({ env }, { endpoint: one.endpoint, pid: process.pid, secret: "s1" });
  expect(await find()).toEqual(one.info());
  await saveAddress({ env }, { endpoint: two.endpoint, pid: process.pid, secret: "s2" });
  await expect(find()).rejects.toMatchObject({
    code: "USAGE",
    message: `several \`fota local\` run: ${[one.endpoint, two.endpoint].sort().join(", ")}`,
    hint: expect.stringContaining("--endpoint-url"),
  });
  expect(await find(two.endpoint)).toEqual(two.info());
});

test.each([
  [["http://127.0.0.1:40095", "http://192.0.2.2:4566"], "http://192.0.2.2:4566"],
  [["http://192.0.2.2:4566", "http://127.0.0.1:4566"], "http://127.0.0.1:4566"],
  [["http://192.0.2.2:4566", "http://192.0.2.3:4566"], undefined],
  [["http://127.0.0.1:40095", "http://127.0.0.1:40096"], undefined],
])("of %j, --local means %s", (endpoints, chosen) => {
  expect(defaultOf(endpoints.map((endpoint) => ({ endpoint })))?.endpoint).toBe(chosen);
});

test("one is found again by its folder, else by its address, and no other takes its place", async () => {
  const one = await start("s1", join(folder, "one"));
  const two = await start("s2", join(folder, "two"));
  const three = await start("s3");
  for (const [local, secret] of [
    [two, "s2"],
    [three, "s3"],
  ] as const) {
    await saveAddress({ env }, { endpoint: local.endpoint, pid: process.pid, secret });
  }
  const again = (before: LocalInfo) => findAgain(before, { env, signal });
  await expect(again(one.info())).rejects.toMatchObject({ code: "LOCAL_NOT_RUNNING" });
  const { dir, ...withoutFolder } = one.info();
  expect(dir).toBe(join(folder, "one"));
  await expect(again(withoutFolder)).rejects.toMatchObject({ code: "LOCAL_NOT_RUNNING" });
  await saveAddress({ env }, { endpoint: one.endpoint, pid: process.pid, secret: "s1" });
  expect(await again({ ...one.info(), endpoint: "http://127.0.0.1:1" })).toEqual(one.info());
  expect(await again({ ...one.info(), endpoint: two.endpoint })).toEqual(one.info());
  expect(await again({ ...withoutFolder, endpoint: two.endpoint })).toEqual(two.info());
  expect(await again(three.info())).toEqual(three.info());
});

test("one that does not answer does not keep one that does from being used", async () => {
  const local = await start("s1");
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  closers.push(async () => silent.close());
  await new Promise((resolve) => silent.once("listening", resolve));
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await saveAddress({ env }, { endpoint, pid: process.pid, secret: "s" });
  await saveAddress({ env }, { endpoint: local.endpoint, pid: process.pid, secret: "s1" });
  expect(await find()).toEqual(local.info());
});

test("a slow one is reported as slow, and not as not running", async () => {
  const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    expect(ms).toBeGreaterThanOrEqual(30_000);
    const limit = new AbortController();
    setTimeout(() => limit.abort(new DOMException("timeout", "TimeoutError")), 100);
    return limit.signal;
  });
  closers.push(async () => timeout.mockRestore());
  const endpoint = await answering(() => {});
  await saveAddress({ env }, { endpoint, pid: process.pid, secret: "s" });
  const slow = {
    code: "ENDPOINT_UNREACHABLE",
    message: expect.stringContaining("did not answer within 30 s"),
  };
  await expect(find()).rejects.toMatchObject(slow);
  await expect(find(endpoint)).rejects.toMatchObject(slow);
});

test("without XDG_RUNTIME_DIR it is a folder of the user in the temp folder, found also by who has it set", async () => {
  const local = await start("s1");
  const address = { endpoint: local.endpoint, pid: process.pid, secret: "s1" };
  await saveAddress({ env: { TMPDIR: folder } }, address, (note) => expect.fail(note));
  expect((await stat(join(folder, `fota-${process.getuid?.()}`))).mode & 0o777).toBe(0o700);
  expect(await find()).toEqual(local.info());
});

test("a runtime folder that is open to others is not used, and a note says why and what is used instead", async () => {
  await chmod(join(folder, "run"), 0o755);
  const address = { endpoint: "http://127.0.0.1:1", pid: process.pid, secret: "s" };
  const notes: string[] = [];
  await saveAddress({ env }, address, (note) => notes.push(note));
  expect(await readdir(join(folder, "run"))).toEqual([]);
  expect(await savedAddresses({ env })).toHaveLength(1);
  const own = join(folder, `fota-${process.getuid?.()}`);
  expect(notes).toEqual([
    `the address is saved in ${own}, not in XDG_RUNTIME_DIR: ${join(folder, "run")} is open to other users`,
  ]);
});

test.each([
  ["run", "XDG_RUNTIME_DIR: run is not an absolute path"],
  ["/no/such/folder", "XDG_RUNTIME_DIR: ENOENT: no such file"],
])("a runtime folder %s is not used, and a note says why", async (runtime, why) => {
  const notes: string[] = [];
  const address = { endpoint: "http://127.0.0.1:1", pid: process.pid, secret: "s" };
  const found = { env: { ...env, XDG_RUNTIME_DIR: runtime } };
  await saveAddress(found, address, (note) => notes.push(note));
  expect(notes).toEqual([expect.stringContaining(why)]);
  expect(await savedAddresses(found)).toHaveLength(1);
});

test.each(["open", "link", ...(isRoot ? ["other user's (needs root)"] : [])])(
  "a folder that was planted in the temp folder is neither written nor read: %s",
  async (kind) => {
    const planted = join(folder, `fota-${process.getuid?.()}`);
    const real = join(folder, "real");
    await mkdir(real, { mode: 0o700 });
    if (kind === "link") await symlink(real, planted);
    else await mkdir(planted, { mode: 0o700 });
    if (kind === "open") await chmod(planted, 0o777);
    const address = { endpoint: "http://127.0.0.1:1", pid: process.pid, secret: "s" };
    await writeFile(join(planted, "local-1.json"), JSON.stringify(address));
    if (kind.startsWith("other")) await chown(planted, OTHER_UID, OTHER_UID);
    const own = { env: { TMPDIR: folder } };
    await expect(saveAddress(own, address)).rejects.toThrow(/folder|open to|belongs to/);
    expect(await savedAddresses(own)).toEqual([]);
  },
);

test("a file that is no address is passed over", async () => {
  const own = join(folder, "run", "fota");
  await mkdir(own, { mode: 0o700 });
  for (const [index, text] of ["", "null", "[]", '{"endpoint":"x","pid":1,"secret":"s"}'].entries()) {
    await writeFile(join(own, `local-${index}.json`), text);
  }
  await expect(find()).rejects.toMatchObject({ code: "LOCAL_NOT_RUNNING" });
});

test("what never ends or never answers in place of a file is passed over", async () => {
  speedUpClock(); // the wait for a writer of a pipe
  const local = await start("s1");
  await saveAddress({ env }, { endpoint: local.endpoint, pid: process.pid, secret: "s1" });
  const own = join(folder, "run", "fota");
  expect(spawnSync("mkfifo", [join(own, "local-1.json")]).status).toBe(0);
  await symlink("/dev/zero", join(own, "local-2.json"));
  await symlink("local-3.json", join(own, "local-3.json"));
  await mkdir(join(own, "local-4.json"));
  expect(await find()).toEqual(local.info());
});
