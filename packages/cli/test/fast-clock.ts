import { vi } from "vitest";

/** Makes `performance.now` run ten times as fast until `vi.restoreAllMocks()`. Timers keep their speed. */
export function speedUpClock(): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => 10 * now());
}
