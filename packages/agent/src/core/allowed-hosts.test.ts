import { expect, test } from "vitest";
import { isAllowedHost } from "./allowed-hosts.js";

const ALLOWED = ["fw.example.com", "*.s3.eu-west-1.amazonaws.com", "[::1]"];

test.each([
  "https://fw.example.com/image?x=1",
  "https://FW.Example.com:8443/image",
  "https://bucket.s3.eu-west-1.amazonaws.com/image",
  "https://a.b.s3.eu-west-1.amazonaws.com/image",
  "http://[::1]:4566/image",
])("%s is allowed", (url) => {
  expect(isAllowedHost(url, ALLOWED)).toBe(true);
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
  expect(isAllowedHost(url, ALLOWED)).toBe(false);
});

test("without a list every host is allowed, with an empty one none", () => {
  expect(isAllowedHost("https://anywhere.example/", undefined)).toBe(true);
  expect(isAllowedHost("https://anywhere.example/", [])).toBe(false);
});
