import { isFotaError } from "@fota/shared";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { chooseProxy, parseProxyOption } from "./proxy.js";

const NAMES = ["https_proxy", "http_proxy", "all_proxy", "no_proxy"];
beforeEach(() => {
  for (const name of NAMES.flatMap((name) => [name, name.toUpperCase()])) vi.stubEnv(name, "");
});
afterEach(() => vi.unstubAllEnvs());

const BROKER = { host: "broker.example", port: 8883 };
const hostOf = (env: Record<string, string>, scheme: "http" | "https" = "https", target = BROKER) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  return chooseProxy(undefined, scheme, target)?.host;
};

test.each<[Record<string, string>, "http" | "https", string | undefined]>([
  [{}, "https", undefined],
  [{ HTTPS_PROXY: "http://a:1" }, "https", "a"],
  [{ https_proxy: "http://a:1" }, "https", "a"],
  [{ HTTPS_PROXY: "http://a:1" }, "http", undefined],
  [{ HTTP_PROXY: "http://a:1" }, "http", "a"],
  [{ http_proxy: "http://a:1" }, "https", undefined],
  [{ ALL_PROXY: "http://a:1" }, "https", "a"],
  [{ all_proxy: "http://a:1", HTTPS_PROXY: "http://b:1" }, "https", "b"],
  [{ HTTPS_PROXY: "http://a:1", NO_PROXY: "broker.example" }, "https", undefined],
  [{ HTTPS_PROXY: "http://a:1", no_proxy: "x.example, .example" }, "https", undefined],
  [{ HTTPS_PROXY: "http://a:1", NO_PROXY: "*" }, "https", undefined],
  [{ HTTPS_PROXY: "http://a:1", NO_PROXY: "broker.example:443" }, "https", "a"],
  [{ HTTPS_PROXY: "http://a:1", NO_PROXY: "other.example" }, "https", "a"],
])("with %j, the proxy for %s is %s", (env, scheme, host) => {
  expect(hostOf(env, scheme)).toBe(host);
});

test.each(["localhost", "127.0.0.1", "127.0.0.9", "::1"])("%s is never behind a proxy", (host) => {
  expect(hostOf({ ALL_PROXY: "http://a:1" }, "https", { host, port: 8883 })).toBeUndefined();
  expect(chooseProxy("http://a:1", "https", { host, port: 8883 })).toBeUndefined();
});

test("an IPv6 address may be behind a proxy, or exempt", () => {
  const target = { host: "2001:db8::1", port: 8883 };
  expect(hostOf({ HTTPS_PROXY: "http://a:1" }, "https", target)).toBe("a");
  expect(hostOf({ NO_PROXY: "[2001:db8::1]" }, "https", target)).toBeUndefined();
});

test("the option comes before the environment, and false turns it off", () => {
  vi.stubEnv("HTTPS_PROXY", "http://a:1");
  vi.stubEnv("NO_PROXY", "*");
  expect(chooseProxy("http://b:1", "https", BROKER)?.host).toBe("b");
  vi.stubEnv("NO_PROXY", "");
  expect(chooseProxy(false, "https", BROKER)).toBeUndefined();
});

test.each(["", "socks5://me:s3cret@a:1080", "http://me:s3/cret@a:1", "a"])(
  "%j is CONFIG_INVALID, without the password",
  (text) => {
    const error = thrownBy(() => parseProxyOption(text));
    expect(error).toMatchObject({
      code: "CONFIG_INVALID",
      hint: expect.stringMatching(/^set proxy to http/),
    });
    expect(String(error)).not.toContain("s3");
  },
);

test("so is a wrong variable, whose hint names it", () => {
  const error = thrownBy(() => hostOf({ HTTPS_PROXY: "socks5://a:1080" }));
  expect(error).toMatchObject({ code: "CONFIG_INVALID", hint: expect.stringMatching(/^set HTTPS_PROXY/) });
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    if (isFotaError(error)) return error;
  }
  throw new Error("no FotaError");
}

test("a variable without a scheme is an http proxy, as for curl", () => {
  vi.stubEnv("HTTPS_PROXY", "me:pw@a:3128");
  const proxy = { secure: false, host: "a", port: 3128, login: "me:pw" };
  expect(chooseProxy(undefined, "https", BROKER)).toEqual(proxy);
});
