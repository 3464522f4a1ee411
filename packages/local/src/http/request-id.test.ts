import { expect, test } from "vitest";
import { nextRequestId } from "./request-id.js";

test("ids of requests are UUIDs of version 4, and no two are the same", () => {
  const ids = Array.from({ length: 1_000 }, nextRequestId);
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
