import { expect, test } from "vitest";
import { assumeHttp, hideLogin, parseProxyUrl } from "./proxy-url.js";

test.each([
  ["http://proxy.example:3128", { secure: false, host: "proxy.example", port: 3128 }],
  ["http://proxy.example", { secure: false, host: "proxy.example", port: 80 }],
  ["https://proxy.example/", { secure: true, host: "proxy.example", port: 443 }],
  ["HTTP://10.0.0.1:8080", { secure: false, host: "10.0.0.1", port: 8080 }],
  ["http://[2001:db8::1]:3128", { secure: false, host: "2001:db8::1", port: 3128 }],
  ["http://fleet:s3cret@proxy:1", { secure: false, host: "proxy", port: 1, login: "fleet:s3cret" }],
  ["http://a%40b:c%2Fd%3A%C3%A9@proxy:1", { secure: false, host: "proxy", port: 1, login: "a@b:c/d:é" }],
  ["http://fleet@proxy:1", { secure: false, host: "proxy", port: 1, login: "fleet:" }],
  ["http://fleet:a:b@proxy:1", { secure: false, host: "proxy", port: 1, login: "fleet:a:b" }],
])("%s is a proxy", (text, parts) => {
  expect(parseProxyUrl(text)).toEqual({ login: undefined, ...parts });
});

test.each([
  "",
  "proxy.example:3128",
  "socks5://proxy.example:1080",
  "http://",
  "http://proxy.example:65536",
  "http://proxy.example:0",
  "http://proxy.example:3128/path",
  "http://me:pa/ss@proxy.example:3128",
  "http://me:12/34@proxy.example:3128",
  "http://me:p@ss@proxy.example:3128",
  "http://me:50%off@proxy.example:3128",
  "http://me:two words@proxy.example:3128",
  "http://proxy example:3128",
])("%s is not", (text) => {
  expect(parseProxyUrl(text)).toBeUndefined();
});

test.each([
  ["http://proxy.example:3128", "http://proxy.example:3128"],
  ["socks5://me:s3cret@proxy:1080", "socks5://***@proxy:1080"],
  ["http://me:s3/cret@proxy:3128", "http://***@proxy:3128"],
  ["http://me:s3@cret@proxy:3128", "http://***@proxy:3128"],
  ["me:s3cret@proxy:3128", "***@proxy:3128"],
])("the login is hidden in %s", (text, shown) => {
  expect(hideLogin(text)).toBe(shown);
});

test.each([
  ["https://proxy:3128", { HTTPS_PROXY: "proxy:3128" }, "http://proxy:3128"],
  ["https://me:pw@proxy:3128", { all_proxy: "me:pw@proxy:3128" }, "http://me:pw@proxy:3128"],
  ["https://proxy:3128", { https_proxy: "https://proxy:3128" }, "https://proxy:3128"],
  ["http://proxy:3128", { HTTP_PROXY: "proxy:3128" }, "http://proxy:3128"],
])("proxy-from-env's %s is, with %j, %s", (chosen, env, url) => {
  expect(assumeHttp(chosen, env)).toBe(url);
});
