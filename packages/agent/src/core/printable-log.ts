import { printable } from "@fota/shared";
import type { Device, Log } from "./ports.js";

/**
 * Wraps `log` to escape control characters: messages quote text of brokers, servers and job documents. Without `about`,
 * calls it with two arguments: a log that prints all of them prints no `undefined`.
 */
export function printableLog(log: Log): Log {
  return (level, message, about) => log(level, printable(message), ...(about === undefined ? [] : [about]));
}

/** Returns a copy of the device whose log escapes control characters. */
export function withPrintableLog(device: Device): Device {
  const { wallClockMs } = device;
  return {
    ...device,
    log: printableLog((...line) => device.log(...line)),
    ...(wallClockMs !== undefined && { wallClockMs: () => wallClockMs.call(device) }),
  };
}
