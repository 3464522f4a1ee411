import { isFotaError } from "@fota/shared";
import type { BootRecord } from "../core/ports.js";

/** Returns the three slots of a record, for comparison. */
export function bootSlots({ runningSlot, currentSlot, workingSlot }: BootRecord) {
  return { running: runningSlot, current: currentSlot, working: workingSlot };
}

/** Throws `message` unless `condition` is true. */
export function assert(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

/** Throws if the two values differ. `what` names them in the message. */
export function assertEqual(actual: object | number, expected: object | number, what: string): void {
  const [a, b] = [canonical(actual), canonical(expected)];
  assert(a === b, `${what}: expected ${b}, got ${a}`);
}

function canonical(value: object | number): string {
  return JSON.stringify(
    typeof value === "number" ? value : Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Throws unless `action` rejects and, if `code` is given, does so with that code. */
export async function assertRejects(
  action: () => Promise<void>,
  what: string,
  code?: "SLOT_RUNNING" | "TRIAL_OVER",
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (code !== undefined) assert(isFotaError(error, code), `${what} threw ${String(error)}, not ${code}`);
    return;
  }
  throw new Error(`${what} was not refused`);
}
