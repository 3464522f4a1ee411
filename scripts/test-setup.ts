import fc from "fast-check";
import { afterAll, vi } from "vitest";

// CI tries the same cases each time, so that it fails only because of a commit. Elsewhere each run tries others; the
// report of a failure has the seed.
if (process.env["CI"]) fc.configureGlobal({ seed: 20_261_130 });

// Files share a process: none leaves its environment or its clock to the next one.
afterAll(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});
