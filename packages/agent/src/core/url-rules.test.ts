import { describe, expect, test } from "vitest";
import { urlFault } from "./url-rules.js";

describe("hosts", () => {
  const allowedHosts = ["fw.example.com", "*.s3.eu-west-1.amazonaws.com", "[::1]"];

  test.each([
    "https://fw.example.com/image?x=1",
    "https://FW.Example.com:8443/image",
    "https://bucket.s3.eu-west-1.amazonaws.com/image",
    "https://a.b.s3.eu-west-1.amazonaws.com/image",
    "https://[::1]:4566/image",
  ])("%s is allowed", (url) => {
    expect(urlFault(url, { allowedHosts })).toBeUndefined();
  });

  test.each([
    "https://s3.eu-west-1.amazonaws.com/image",
    "https://evils3.eu-west-1.amazonaws.com/image",
    "https://fw.example.com.evil.example/image",
    "https://evil.example/fw.example.com",
    "https://evil.example?fw.example.com",
    "https://evil.example#.s3.eu-west-1.amazonaws.com",
    "https://fw.example.com@evil.example/image",
    "ftp://fw.example.com/image",
  ])("%s is not", (url) => {
    expect(urlFault(url, { allowedHosts, allowLoopbackHttp: true })).toBeDefined();
  });

  test("without a list every host is allowed, with an empty one none", () => {
    expect(urlFault("https://anywhere.example/", {})).toBeUndefined();
    expect(urlFault("https://anywhere.example/", { allowedHosts: [] })).toBe(
      "this device does not download images from anywhere.example",
    );
  });
});

describe("http to a loopback address, all that a document may name", () => {
  const urls = [
    "http://127.0.0.1:8080/factory-reset",
    "http://localhost/x",
    "http://[::1]:4566/x",
    "HTTP://127.1/x",
  ];

  test.each(urls)("%s is refused, also by a list that has its host", (url) => {
    expect(urlFault(url, {})).toBeDefined();
    expect(urlFault(url, { allowedHosts: ["127.0.0.1", "localhost", "[::1]"] })).toBeDefined();
  });

  test("is fetched with the option, and a list of hosts still counts", () => {
    expect(urlFault("http://127.0.0.1:4566/x", { allowLoopbackHttp: true })).toBeUndefined();
    expect(
      urlFault("http://127.0.0.1:4566/x", { allowLoopbackHttp: true, allowedHosts: ["fw"] }),
    ).toBeDefined();
  });
});
