import { describe, expect, test } from "vitest";
import { createRequestGuard } from "./request-guard.js";

const PORT = 4566;

interface Given {
  method?: string;
  host?: string;
  origin?: string;
  site?: string;
}

function refusal(given: Given, options = {}) {
  const { method = "POST", host = `127.0.0.1:${PORT}`, origin, site } = given;
  const headers = { host, ...(origin && { origin }), ...(site && { "sec-fetch-site": site }) };
  const request = { method, headers, socket: { localPort: PORT } };
  return createRequestGuard(options).refusalOf(
    request as unknown as Parameters<ReturnType<typeof createRequestGuard>["refusalOf"]>[0],
  );
}

describe("by host name", () => {
  test.each([
    "127.0.0.1:4566",
    "127.0.0.1",
    "10.1.2.3:80",
    "[::1]:4566",
    "[fe80::1]",
    "localhost",
    "LOCALHOST:4566",
    "localhost.:4566",
    "firmware.localhost:4566",
    "a.b.localhost",
    "s3.localhost",
    "iot.us-east-1.amazonaws.com",
    "data.jobs.iot.eu-west-1.amazonaws.com",
    "a1b2c3-ats.iot.us-east-1.amazonaws.com:443",
    "s3.amazonaws.com",
    "firmware.s3.us-west-2.amazonaws.com",
    "my.firmware.s3.dualstack.eu-central-1.amazonaws.com",
    "firmware.s3.cn-north-1.amazonaws.com.cn",
    "iot.cn-north-1.amazonaws.com.cn.",
    "iot.us-east-1.api.aws",
    "sts.amazonaws.com",
  ])("%s is answered", (host) => {
    expect(refusal({ host })).toBeUndefined();
  });

  test.each([
    "evil.example",
    "evil.example:4566",
    "localhost.evil.example:4566",
    "evillocalhost",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io:4566",
    "amazonaws.com.evil.example",
    "evilamazonaws.com",
    "s3.evil.example",
    "firmware.s3.evil.example",
    "fota-local:4566",
    "host.docker.internal:4566",
    "",
    ":4566",
    "[::1",
    "[evil]:4566",
    "127.0.0.1:4566:evil",
    "127.0.0.1@evil.example",
  ])("%j is refused, also to read", (host) => {
    expect(refusal({ host })?.message).toContain("does not belong to this stand-in");
    expect(refusal({ host, method: "GET" })).toBeDefined();
  });

  test("only allowed host names are answered", () => {
    const allowHosts = ["Fota-Local", "*.s3.test"];
    expect(refusal({ host: "fota-local:4566" }, { allowHosts })).toBeUndefined();
    expect(refusal({ host: "firmware.s3.test" }, { allowHosts })).toBeUndefined();
    expect(refusal({ host: "s3.test" }, { allowHosts })).toBeDefined();
    expect(refusal({ host: "x.fota-local" }, { allowHosts })).toBeDefined();
    expect(refusal({ host: "evils3.test" }, { allowHosts })).toBeDefined();
  });

  test("the hint names the option that allows the host", () => {
    expect(refusal({ host: "fota-local:4566" })?.hint).toContain("--allow-host fota-local");
  });

  test.each(["http://fota-local", "fota-local:80", "", "*", "a b"])("%j is no name to allow", (name) => {
    expect(() => createRequestGuard({ allowHosts: [name] })).toThrow(
      expect.objectContaining({ code: "USAGE" }),
    );
  });
});

describe("by origin", () => {
  test.each([
    { origin: undefined },
    { origin: "http://127.0.0.1:4566" },
    { origin: "http://localhost:4566" },
    { origin: "https://127.0.0.1:4566" }, // MQTT clients that always say https
    { host: "localhost:14566", origin: "http://localhost:14566" }, // by a forwarded port
    { host: "10.1.2.3:4566", origin: "http://10.1.2.3:4566" },
  ])("$origin at $host is its own", (given) => {
    expect(refusal(given as Given)).toBeUndefined();
  });

  test.each([
    { origin: "https://evil.example" },
    { origin: "http://localhost:3000" },
    { origin: "http://localhost" },
    { origin: "http://127.0.0.1:4567" },
    { origin: "http://10.1.2.3:4566" },
    { origin: "null" },
    { origin: "file://" },
    { origin: "chrome-extension://abcdef" },
    { origin: "https://evil.s3.amazonaws.com" },
    { host: "evil.s3.amazonaws.com", origin: "https://evil.s3.amazonaws.com" },
    { origin: "http://127.0.0.1:4566.evil.example" },
    { origin: "http://127.0.0.1:4566@evil.example" },
  ])("$origin at $host is foreign, also to read", (given) => {
    expect(refusal(given)?.message).toContain("may not use this stand-in");
    expect(refusal({ ...given, method: "GET" })).toBeDefined();
    expect(refusal({ ...given, method: "OPTIONS" })).toBeDefined();
  });

  test("only pages of allowed origins may send requests", () => {
    const allowOrigins = [
      "http://localhost:3000",
      "https://App.example/",
      "vscode-webview://abc",
      "https://b.example:443",
    ];
    for (const origin of [
      "http://localhost:3000",
      "https://app.example",
      "vscode-webview://abc",
      "https://b.example",
    ]) {
      expect(refusal({ origin }, { allowOrigins }), origin).toBeUndefined();
    }
    expect(refusal({ origin: "http://localhost:3001" }, { allowOrigins })).toBeDefined();
    expect(refusal({ origin: "http://app.example" }, { allowOrigins })).toBeDefined();
    expect(
      refusal({ origin: "http://localhost:3000", host: "evil.example" }, { allowOrigins }),
    ).toBeDefined();
  });

  test.each(["*", "null", "localhost:3000", "http://", "http://a/b", "https://*.example"])(
    "%j is no origin to allow",
    (origin) => {
      expect(() => createRequestGuard({ allowOrigins: [origin] })).toThrow(
        expect.objectContaining({ code: "USAGE" }),
      );
    },
  );

  test("a browser that sends no Origin may only follow links and load images", () => {
    expect(refusal({ method: "GET", site: "cross-site" })).toBeUndefined();
    expect(refusal({ method: "POST", site: "cross-site" })).toBeDefined();
    expect(refusal({ method: "POST", site: "same-site" })).toBeDefined();
    expect(refusal({ method: "POST", site: "same-origin" })).toBeUndefined();
    expect(refusal({ method: "POST", site: "none" })).toBeUndefined();
  });
});
