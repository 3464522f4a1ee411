import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { addressBytes, isFromThisMachine, isLoopbackAddress, reachableAddresses } from "./addresses.js";

test.each([
  ["127.0.0.1", "7f000001"],
  ["192.168.1.20", "c0a80114"],
  ["::1", "00000000000000000000000000000001"],
  ["::", "00000000000000000000000000000000"],
  ["fe80::a:1%eth0", "fe8000000000000000000000000a0001"],
  ["2001:db8:1:2:3:4:5:6", "20010db8000100020003000400050006"],
  ["::ffff:10.0.0.1", "00000000000000000000ffff0a000001"],
])("%s has the bytes %s", (address, hex) => {
  expect(addressBytes(address).toString("hex")).toBe(hex);
});

test.each([
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["localhost", true],
  ["192.168.1.20", false],
  ["0.0.0.0", false],
  ["127.evil.example", false],
])("%s is the loopback: %s", (address, expected) => {
  expect(isLoopbackAddress(address)).toBe(expected);
});

test("a server on every address is reached at each of this machine's, one on a single address only there", () => {
  expect(reachableAddresses("0.0.0.0")).toContain("127.0.0.1");
  expect(reachableAddresses("192.0.2.1")).toEqual(["192.0.2.1"]);
  expect(reachableAddresses("localhost")).toEqual([]);
});

test.each([
  ["over the loopback", { remoteAddress: "127.0.0.1", localAddress: "127.0.0.1" }, true],
  [
    "over the loopback of a dual-stack server",
    { remoteAddress: "::ffff:127.0.0.1", localAddress: "::ffff:127.0.0.1" },
    true,
  ],
  ["to its own address", { remoteAddress: "192.0.2.1", localAddress: "192.0.2.1" }, true],
  ["from another machine", { remoteAddress: "192.0.2.9", localAddress: "192.0.2.1" }, false],
  ["that is gone", { localAddress: "192.0.2.1" }, false],
])("a connection %s is from this machine: %s", (_what, socket, expected) => {
  expect(isFromThisMachine(socket as Socket)).toBe(expected);
});
