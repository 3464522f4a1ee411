import type { Device, Log } from "./ports.js";

/**
 * Tells whether a terminal or log viewer would act on a character instead of showing it: C0 and C1 controls, including
 * line feeds, line and paragraph separators, and controls for the direction of text (Unicode TR 36, 3.5). Does not use
 * Unicode properties in a regular expression, because small engines lack their tables.
 */
function isControl(code: number): boolean {
  if (code < 0xa0) return code < 0x20 || code >= 0x7f;
  if (code < 0x2066) return (code >= 0x2028 && code <= 0x202e) || [0x061c, 0x200e, 0x200f].includes(code);
  return code <= 0x2069 || code === 0xfeff;
}

/** Returns `text` with each control character escaped, as in `\u001b`. */
export function printable(text: string): string {
  let printed = "";
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (!isControl(code)) continue;
    printed += `${text.slice(from, i)}\\u${code.toString(16).padStart(4, "0")}`;
    from = i + 1;
  }
  return from === 0 ? text : printed + text.slice(from);
}

/** Wraps `log` to escape control characters: messages quote text of brokers, servers and job documents. */
export function printableLog(log: Log): Log {
  return (level, message) => log(level, printable(message));
}

/** Returns a copy of the device whose log escapes control characters. */
export function withPrintableLog(device: Device): Device {
  const { wallClockMs } = device;
  return {
    ...device,
    log: printableLog((level, message) => device.log(level, message)),
    ...(wallClockMs !== undefined && { wallClockMs: () => wallClockMs.call(device) }),
  };
}
