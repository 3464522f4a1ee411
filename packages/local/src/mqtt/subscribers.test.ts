import { expect, test } from "vitest";
import { createSubscribers } from "./subscribers.js";

test.each([
  ["jobs/t1/notify", true],
  ["jobs/+/notify", true],
  ["jobs/#", true],
  ["$share/workers/jobs/+/notify", true],
  ["jobs/t2/notify", false],
  ["$share/workers/jobs/t2/notify", false],
])("a subscription to %s matches jobs/t1/notify: %s", (filter, isMatch) => {
  const subscribers = createSubscribers<object, undefined>();
  const client = {};
  subscribers.add(filter, client, undefined);
  expect(subscribers.isMatched("jobs/t1/notify")).toBe(isMatch);
  subscribers.remove(filter, client);
  expect(subscribers.isMatched("jobs/t1/notify")).toBe(false);
});

test("to ask for subscribers takes no turn in a group", () => {
  const subscribers = createSubscribers<{ name: string }, number>();
  for (const name of ["a", "b"]) subscribers.add("$share/workers/t", { name }, 0);
  const turns: string[] = [];
  for (let i = 0; i < 4; i += 1) {
    subscribers.isMatched("t");
    subscribers.match("t", {
      found: () => undefined,
      shared: ({ name }) => turns.push(name),
      isConnected: () => true,
    });
  }
  expect(turns).toEqual(["a", "b", "a", "b"]);
});
