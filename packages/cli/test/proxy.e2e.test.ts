import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Local, startLocal } from "@fota/local";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fota } from "./cli.js";
import { type ConnectProxy, makeCertificate, startConnectProxy } from "./connect-proxy.js";

/** Of TEST-NET-1 (RFC 5737): nothing is there, so that only the proxy leads anywhere. */
const ADDRESS = "192.0.2.10";
let folder: string;
let local: Local;
let proxy: ConnectProxy;
let account: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-proxy-"));
  local = await startLocal({ buckets: ["fw-releases"], things: ["lamp-1"], allowHosts: [ADDRESS] });
  const certificate = makeCertificate(folder, ADDRESS);
  proxy = await startConnectProxy({ address: ADDRESS, target: local.endpoint }, certificate);
  account = {
    AWS_REGION: local.region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_CA_BUNDLE: certificate.cert,
    AWS_ENDPOINT_URL: `https://${ADDRESS}`,
  };
  await writeFile(join(folder, "app.bin"), "firmware");
});
afterEach(async () => {
  proxy.stop();
  await local.stop();
  await rm(folder, { recursive: true });
});

const publish = () => [
  "publish",
  join(folder, "app.bin"),
  "--slot",
  "1",
  "--to",
  "lamp-1",
  "--bucket",
  "fw-releases",
];

test("every request of a publish goes through the proxy, with its login, and TLS goes to the service itself", async () => {
  proxy.login = "fleet:s3cret/word";
  const url = proxy.url.replace("//", "//fleet:s3cret%2Fword@");
  const done = await fota([...publish(), "--json", "--debug"], { ...account, HTTPS_PROXY: url });
  expect(done, done.stderr).toMatchObject({ code: 0 });
  expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ${ADDRESS}:443`]));
  expect(done.stderr).toMatch(/GET of the presigned URL at 192\.0\.2\.10: 206/);
  expect(done.stderr + done.stdout).not.toContain("s3cret");
  const { jobId } = JSON.parse(done.stdout);
  const status = await fota(["status", jobId, "--json"], { ...account, https_proxy: url });
  expect(JSON.parse(status.stdout)).toMatchObject({ jobId, counts: { queued: 1 } });
});

test("a proxy without a scheme is an http proxy, as for curl", async () => {
  const env = { ...account, HTTPS_PROXY: proxy.url.replace("http://", "") };
  expect(await fota(["list", "--json"], env)).toMatchObject({ code: 0 });
  expect(proxy.asked).toEqual([`CONNECT ${ADDRESS}:443`]);
});

test("an http endpoint is forwarded by HTTP_PROXY", async () => {
  const env = { ...account, AWS_ENDPOINT_URL: `http://${ADDRESS}:4566`, HTTP_PROXY: proxy.url };
  expect(await fota(["list", "--json"], env)).toMatchObject({ code: 0 });
  expect(proxy.asked[0]).toMatch(/^GET http:\/\/192\.0\.2\.10:4566\/jobs/);
});

test("this machine is never behind a proxy", async () => {
  const env = { ...account, AWS_ENDPOINT_URL: local.endpoint, HTTP_PROXY: proxy.url };
  expect(await fota(["list"], env)).toMatchObject({ code: 0 });
  expect(await fota(["list", "--local", "--endpoint-url", local.endpoint], env)).toMatchObject({ code: 0 });
  expect(proxy.asked).toEqual([]);
});

test("NO_PROXY takes domains: a host below one is asked directly", async () => {
  const env = {
    ...account,
    AWS_ENDPOINT_URL: "https://aws.invalid",
    NO_PROXY: ".invalid",
    HTTPS_PROXY: proxy.url,
  };
  const { stderr } = await fota(["list"], { ...env, AWS_MAX_ATTEMPTS: "1" });
  expect(stderr).toContain("DNS does not know the host of aws.invalid:443");
  expect(proxy.asked).toEqual([]);
});

test.each<[string, (url: string) => string, Partial<ConnectProxy>, string, string]>([
  [
    "without its login",
    (url) => url,
    { login: "a:b" },
    "refuses without valid credentials (HTTP 407)",
    "user:password",
  ],
  [
    "that does not allow the host",
    (url) => url,
    { refuseWith: 403 },
    "refuses a connection to 192.0.2.10:443 (HTTP 403)",
    "NO_PROXY",
  ],
  [
    "that cannot reach the host",
    (url) => url,
    { refuseWith: 502 },
    "cannot connect to 192.0.2.10:443 (HTTP 502)",
    "resolve and reach",
  ],
  [
    "that is not there",
    () => "http://127.0.0.1:9",
    {},
    "the proxy 127.0.0.1:9 cannot be reached",
    "check HTTPS_PROXY",
  ],
])(
  "a proxy %s is named, and nothing is taken for the service's answer",
  async (_what, url, behavior, message, hint) => {
    Object.assign(proxy, behavior);
    const ended = await fota(["list"], { ...account, HTTPS_PROXY: url(proxy.url), AWS_MAX_ATTEMPTS: "1" });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("(ENDPOINT_UNREACHABLE)");
    expect(ended.stderr.replace(/\n/g, " ")).toContain(message);
    expect(ended.stderr).toContain(hint);
  },
);

test.each([
  ["socks5://me:s3cret@127.0.0.1:1080", "socks5://***@127.0.0.1:1080"],
  ["http://me:s3cret/word@127.0.0.1:3128", "http://***@127.0.0.1:3128"],
  ["http://me:s3cret%@127.0.0.1:3128", "http://***@127.0.0.1:3128"],
])(
  "a variable that is not the URL of a proxy is wrong usage, without the password in it: %s",
  async (url, shown) => {
    const { code, stderr } = await fota(["list"], { ...account, HTTPS_PROXY: url });
    expect(code).toBe(2);
    expect(stderr).toContain(`${shown} is not the URL of an HTTP proxy`);
    expect(stderr).not.toContain("s3cret");
  },
);

test.each([
  ["FIPS", { AWS_USE_FIPS_ENDPOINT: "true" }, "CONNECT iot-fips.us-east-1.amazonaws.com:443"],
  ["dual-stack", { AWS_USE_DUALSTACK_ENDPOINT: "true" }, "CONNECT iot.us-east-1.api.aws:443"],
])("%s endpoints are asked for where the switch is set", async (_what, more, asked) => {
  const { AWS_ENDPOINT_URL: _endpoint, ...env } = account;
  await fota(["list"], { ...env, ...more, HTTPS_PROXY: proxy.url, AWS_MAX_ATTEMPTS: "1" });
  expect(proxy.asked).toEqual([asked]);
});
