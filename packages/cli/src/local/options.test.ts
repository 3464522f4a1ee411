import { expect, test } from "vitest";
import { type LocalOptions, parseHost } from "./options.js";

const hostOf = (host: string, more: Partial<LocalOptions> = {}) =>
  parseHost({ host, port: "0", httpsPort: "0", mqttPort: "0", mqttsPort: "0", ...more });

test.each([
  ["localhost", "localhost"],
  ["127.0.0.2", "127.0.0.2"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["::ffff:127.0.0.1", "127.0.0.1"],
])("--host %s listens on %s, which only this machine reaches", (host, address) => {
  expect(hostOf(host)).toBe(address);
});

test.each([
  ["0.0.0.0", "0.0.0.0"],
  ["0::0", "::"],
  ["::ffff:0.0.0.0", "0.0.0.0"],
  ["2001:DB8::0:1", "2001:db8::1"],
])("--host %s is %s, which takes --strict or --insecure-lan", (host, address) => {
  expect(() => hostOf(host)).toThrow("opens the stand-in to everybody");
  expect(hostOf(host, { insecureLan: true })).toBe(address);
  expect(hostOf(host, { strict: true })).toBe(address);
});

test.each(["", "my-laptop", "127.1", "[::1]", "fe80::1%eth0"])("--host %j is refused", (host) => {
  expect(() => hostOf(host, { insecureLan: true })).toThrow("--host must be an IP address");
});
