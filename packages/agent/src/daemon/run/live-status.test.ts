import { expect, test } from "vitest";
import { toLive } from "./live-status.js";

test("the seconds that the update still waits go down", () => {
  const status = { link: "connected", continuesAtMs: 90_000 } as const;
  expect(toLive(status, 0).waitingSeconds).toBe(90);
  expect(toLive(status, 30_500).waitingSeconds).toBe(60);
  expect(toLive(status, 91_000).waitingSeconds).toBe(0);
  expect(toLive({ link: "connected" }, 0).waitingSeconds).toBeNull();
});
