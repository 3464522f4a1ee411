import { expect, test } from "vitest";
import { endpointAddress } from "./options.js";

test.each([
  { host: undefined, port: 8883, address: "127.0.0.1" },
  { host: undefined, port: 40000, address: "127.0.0.1:40000" },
  { host: "0.0.0.0", port: 8883, address: "127.0.0.1" },
  { host: "192.168.1.20", port: 8883, address: "192.168.1.20" },
  { host: "::1", port: 8883, address: "[::1]:8883" },
  { host: "::1", port: 40000, address: "[::1]:40000" },
])("the endpoint of a stand-in at $host with port $port is $address", ({ host, port, address }) => {
  expect(endpointAddress(host === undefined ? {} : { host }, port, 8883)).toBe(address);
});
