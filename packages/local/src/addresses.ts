import type { Socket } from "node:net";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { isLoopbackHost } from "@fota/shared";

/** Returns whether only this machine can connect to the address. */
export function isLoopbackAddress(address: string): boolean {
  return isLoopbackHost(address.replace(/^::ffff:/, ""));
}

/** Returns whether a connection comes from this machine: over the loopback, or from the very address that it reached. */
export function isFromThisMachine({ remoteAddress = "", localAddress }: Socket): boolean {
  return isLoopbackAddress(remoteAddress) || remoteAddress === localAddress;
}

/** Returns the addresses at which clients reach a server that listens on `host`: for a wildcard, all of this machine. */
export function reachableAddresses(host: string): string[] {
  if (host !== "0.0.0.0" && host !== "::") return isIP(host) === 0 ? [] : [host];
  return Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.map(({ address }) => address),
  );
}

/** Returns the bytes of an IP address: 4 or 16. A zone, as in `fe80::1%eth0`, is left out. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const groupsOf = (text: string) => (text === "" ? [] : text.split(":").flatMap(groupBytes));
  const [first, last] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeros = tail === undefined ? 0 : 16 - first.length - last.length;
  return Buffer.from([...first, ...new Array<number>(zeros).fill(0), ...last]);
}

/** Two bytes of a group in hex, or four of an IPv4 address at the end. */
function groupBytes(group: string): number[] {
  if (group.includes(".")) return group.split(".").map(Number);
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
