import { expect, test } from "vitest";
import type { Execution } from "../aws/executions.js";
import { formatThingsQuery, parseThingsQuery, pickThings } from "./things-query.js";

const execution = (thing: string, status: Execution["status"], startedAt?: number): Execution => ({
  thing,
  status,
  executionNumber: 1,
  queuedAt: new Date(0),
  startedAt: startedAt === undefined ? undefined : new Date(startedAt),
  lastUpdatedAt: undefined,
});
const query = (text: string) => parseThingsQuery(new URLSearchParams(text));
const names = (found: ReturnType<typeof pickThings>) => found.rows.map(({ thing }) => thing);

const FEW = [
  execution("Pump-1", "IN_PROGRESS", 10),
  execution("pump-2", "FAILED", 20),
  execution("pump-10", "SUCCEEDED", 30),
  execution("valve-1", "QUEUED"),
];

test("failures come first, and names keep their order", () => {
  expect(names(pickThings(FEW, query("")))).toEqual(["pump-2", "Pump-1", "valve-1", "pump-10"]);
  expect(names(pickThings(FEW, query("sort=thing&q=PUMP")))).toEqual(["Pump-1", "pump-2", "pump-10"]);
  expect(names(pickThings(FEW, query("sort=-thing&q=PUMP")))).toEqual(["pump-10", "pump-2", "Pump-1"]);
});

test("filters by status, and sorts by time in both directions, things without one last and first", () => {
  expect(names(pickThings(FEW, query("status=FAILED")))).toEqual(["pump-2"]);
  expect(names(pickThings(FEW, query("sort=started")))).toEqual(["Pump-1", "pump-2", "pump-10", "valve-1"]);
  expect(names(pickThings(FEW, query("sort=-started")))).toEqual(["valve-1", "pump-10", "pump-2", "Pump-1"]);
});

test("pages; a page that does not exist is the last one", () => {
  const many = Array.from({ length: 120 }, (_, i) => execution(`t-${i}`, "QUEUED"));
  expect(pickThings(many, query("page=2"))).toMatchObject({ matching: 120, page: 2, pages: 3 });
  const last = pickThings(many, query("page=99"));
  expect(last.page).toBe(3);
  expect(last.rows).toHaveLength(20);
  expect(pickThings([], query(""))).toMatchObject({ matching: 0, page: 1, pages: 1 });
});

test.each(["page=-1", "page=1e99", "page=x", "sort=constructor", "status=__proto__"])(
  "%s is ignored",
  (text) => {
    expect(query(text)).toEqual(query(""));
  },
);

test("an address that is parsed and formatted again is the same", () => {
  const text = "?q=pump&status=FAILED&sort=-updated&page=3";
  expect(formatThingsQuery(query(text))).toBe(text);
  expect(formatThingsQuery(query("?sort=status&page=1"))).toBe("?");
});
