import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fota, startFota } from "./cli.js";

const PORTS = ["--port", "--https-port", "--mqtt-port", "--mqtts-port"].flatMap((port) => [port, "0"]);
/** MQTT 3.1.1 of client `a`, as the standard has it byte by byte. */
const CONNECT = Buffer.from([0x10, 13, 0, 4, ...Buffer.from("MQTT"), 4, 2, 0, 60, 0, 1, 0x61]);
const NOT_AUTHORIZED = [0x20, 2, 0, 5];

let runtime: string;
let env: Record<string, string>;

beforeEach(async () => {
  runtime = await mkdtemp(join(tmpdir(), "fota-run-"));
  env = { XDG_RUNTIME_DIR: runtime, TMPDIR: runtime };
});
afterEach(async () => {
  await rm(runtime, { recursive: true });
});

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

test("--local finds the running stand-in on any port and says which; after kill -9 it says that none runs", async () => {
  const local = startFota(["local", "--json", ...PORTS], env);
  const { endpoint } = JSON.parse(await local.line((line) => line.startsWith("{")));
  const found = await fota(["list", "--local"], env);
  expect(found).toMatchObject({ code: 0, stderr: `using \`fota local\` at ${endpoint}\n` });
  expect(await fota(["list", "--local", "--json"], env)).toMatchObject({ code: 0, stderr: "" });

  local.child.kill("SIGKILL");
  await local.ended;
  expect(await readdir(join(runtime, "fota"))).toHaveLength(1);
  const gone = await fota(["list", "--local"], env);
  expect(gone.code).toBe(1);
  expect(gone.stderr).toContain("no `fota local` of this user runs on this machine (LOCAL_NOT_RUNNING)");
  expect(await readdir(join(runtime, "fota"))).toEqual([]);
});

test("a stand-in that is stopped takes its address back", async () => {
  const local = startFota(["local", "--json", ...PORTS], env);
  await local.line((line) => line.startsWith("{"));
  expect(await readdir(join(runtime, "fota"))).toHaveLength(1);
  local.child.kill("SIGTERM");
  expect((await local.ended).code).toBe(0);
  expect(await readdir(join(runtime, "fota"))).toEqual([]);
});

test("where no private folder can be had the stand-in runs, and says how it is reached", async () => {
  const missing = { XDG_RUNTIME_DIR: "", TMPDIR: "/dev/null" };
  const local = startFota(["local", "--json", "--dir", join(runtime, "state"), ...PORTS], missing);
  const { endpoint } = JSON.parse(await local.line((line) => line.startsWith("{")));
  expect((await fota(["list", "--local"], { ...env, AWS_ENDPOINT_URL: endpoint })).code).toBe(0);
  local.child.kill("SIGTERM");
  const { code, stderr } = await local.ended;
  expect(code).toBe(0);
  expect(stderr).toContain(`add --endpoint-url ${endpoint}`);
});

test("a second stand-in says where the first one runs, and takes free ports with --ports auto", async () => {
  const first = startFota(["local", "--json", "--ports", "auto"], env);
  const { endpoint } = JSON.parse(await first.line((line) => line.startsWith("{")));
  const second = startFota(["local", "--ports", "auto"], env);
  await second.line((text) => text.includes("AWS_DEFAULT_REGION=us-east-1"));
  for (const each of [first, second]) each.child.kill("SIGTERM");
  expect((await first.ended).stderr).not.toContain("another");
  const { code, stderr } = await second.ended;
  expect(code).toBe(0);
  expect(stderr).toContain(`another \`fota local\` of yours runs at ${endpoint}\n`);
});

test("--group makes a group with its things, and a job reaches them", async () => {
  const groups = ["--group", "beta:lamp-1,lamp:2", "--group", "beta:lamp-3", "--bucket", "firmware"];
  const local = startFota(["local", "--json", "--ports", "auto", ...groups], env);
  await local.line((line) => line.startsWith("{"));
  const image = join(runtime, "app.bin");
  await writeFile(image, "firmware");
  const publish = ["publish", image, "--slot", "1", "--to", "group:beta", "--bucket", "firmware"];
  const published = await fota([...publish, "--local", "--json"], env);
  expect(published).toMatchObject({ code: 0 });
  const { jobId } = JSON.parse(published.stdout);
  const status = await fota(["status", jobId, "--local", "--json"], env);
  expect(JSON.parse(status.stdout)).toMatchObject({ total: 3 });
  local.child.kill("SIGTERM");
  expect((await local.ended).code).toBe(0);
});

test.each([
  [["--group", "beta"], '--group must be a name, a colon and things, not "beta"'],
  [["--ports", "4000"], '--ports is "auto", not "4000"'],
  [["--ports", "auto", "--thing", "a b"], '"a b" is not a valid thing name'],
])("what cannot be meant is refused with what to write: %j", async (args, message) => {
  const { code, stderr } = await fota(["local", ...args], env);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("--host opens the stand-in to the network only with --strict or --insecure-lan", async () => {
  const { code, stderr } = await fota(["local", "--host", "0.0.0.0", ...PORTS], env);
  expect(code).toBe(2);
  expect(stderr).toContain("add --strict");
  expect(await fota(["local", "--host", "my-laptop", ...PORTS], env)).toMatchObject({ code: 2 });
});

test("on all addresses, boards verify the server by its address, and a warning says who can use it", async () => {
  const args = ["local", "--host", "0.0.0.0", "--insecure-lan", "--thing", "lamp-1", "--json", ...PORTS];
  const local = startFota(args, env);
  const info = JSON.parse(await local.line((line) => line.startsWith("{")));
  expect(info.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:/);
  const board = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.internal === false && each.family === "IPv4")?.address;
  const ca = await readFile(info.ca, "utf8");
  const url = new URL(info.https);
  for (const host of board === undefined ? ["127.0.0.1"] : ["127.0.0.1", board]) {
    const socket = connectTls({ host, port: Number(url.port), ca });
    await once(socket, "secureConnect"); // the certificate is for that address
    socket.destroy();
  }
  local.child.kill("SIGTERM");
  expect((await local.ended).stderr).toContain("everybody who reaches 0.0.0.0 can use this stand-in");
});

test("an IPv6 stand-in is used by its address, and found by --local", async () => {
  const local = startFota(["local", "--host", "::1", "--thing", "lamp-1", "--json", ...PORTS], env);
  const { endpoint, region } = JSON.parse(await local.line((line) => line.startsWith("{")));
  expect(endpoint).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect(await fota(["list", "--local"], env)).toMatchObject({ code: 0 });
  const account = { AWS_REGION: region, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  expect(await fota(["list"], { ...env, ...account, AWS_ENDPOINT_URL: endpoint })).toMatchObject({ code: 0 });
  local.child.kill("SIGTERM");
  expect((await local.ended).code).toBe(0);
});
