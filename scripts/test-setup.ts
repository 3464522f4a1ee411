import { afterAll, vi } from "vitest";

// Files share a process: none leaves its environment or its clock to the next one.
afterAll(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});
