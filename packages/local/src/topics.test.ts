import { describe, expect, test } from "vitest";
import { createSubscriptionTree } from "./mqtt/subscription-tree.js";
import { basicIngestRule, filterFault, matchesTopic, subscriptionFault, topicFault } from "./topics.js";

const cases = [
  { filter: "a/b", topic: "a/b", matches: true },
  { filter: "a/b", topic: "a/b/c", matches: false },
  { filter: "a/b", topic: "a", matches: false },
  { filter: "a/+", topic: "a/b", matches: true },
  { filter: "a/+", topic: "a/", matches: true },
  { filter: "a/+", topic: "a", matches: false },
  { filter: "+/b", topic: "a/b", matches: true },
  { filter: "+", topic: "/a", matches: false },
  { filter: "/+", topic: "/a", matches: true },
  { filter: "#", topic: "a/b/c", matches: true },
  { filter: "a/#", topic: "a/b/c", matches: true },
  { filter: "a/#", topic: "a/", matches: true },
  { filter: "a/#", topic: "a", matches: false }, // AWS IoT; the specification says true
  { filter: "a/+/c", topic: "a/b/c", matches: true },
  { filter: "a/+/#", topic: "a/b", matches: false },
  { filter: "#", topic: "$aws/things/t/jobs/notify", matches: false },
  { filter: "+/things/t/jobs/notify", topic: "$aws/things/t/jobs/notify", matches: false },
  { filter: "$aws/#", topic: "$aws/things/t/jobs/notify", matches: true },
  {
    filter: "$aws/things/t/jobs/+/get/accepted",
    topic: "$aws/things/t/jobs/$next/get/accepted",
    matches: true,
  },
  { filter: "$aws/things/t/jobs/notify", topic: "$aws/things/u/jobs/notify", matches: false },
] as const;

describe("a filter and a topic", () => {
  test.each(cases)("$filter takes $topic: $matches", ({ filter, topic, matches }) => {
    expect(matchesTopic(filter, topic)).toBe(matches);
  });

  test.each(cases)("the tree agrees on $filter and $topic", ({ filter, topic, matches }) => {
    const tree = createSubscriptionTree<string, number>();
    tree.add(filter, "client", 1);
    const found: string[] = [];
    tree.match(topic, (client) => found.push(client));
    expect(found).toEqual(matches ? ["client"] : []);
  });
});

test("a removed subscription no longer matches, its neighbors still do", () => {
  const tree = createSubscriptionTree<string, number>();
  tree.add("a/b", "one", 0);
  tree.add("a/b", "two", 1);
  tree.add("a/+", "one", 1);
  tree.remove("a/b", "one");
  tree.remove("a/b/c", "two");
  const found: [string, number][] = [];
  tree.match("a/b", (client, value) => found.push([client, value]));
  expect(found).toEqual([
    ["one", 1],
    ["two", 1],
  ]);
});

test.each([
  { topic: "dt/unit/1", fault: undefined },
  { topic: "a/1/2/3/4/5/6/7", fault: undefined },
  { topic: "a/1/2/3/4/5/6/7/8", fault: "it has 8 slashes, at most 7 are allowed" },
  { topic: "", fault: "it is empty" },
  { topic: "a\u0000b", fault: "it contains a null character" },
  { topic: "é".repeat(128), fault: undefined },
  { topic: "é".repeat(129), fault: "it has 258 bytes, at most 256 are allowed" },
  { topic: "a/+", fault: "a topic for a publish must not contain wildcards" },
  { topic: "$aws/rules/r/a/1/2/3/4/5/6/7", fault: undefined },
  { topic: "$aws/rules/r/a/1/2/3/4/5/6/7/8", fault: "it has 8 slashes, at most 7 are allowed" },
  { topic: `$aws/rules/r/${"a".repeat(256)}`, fault: undefined },
  { topic: `$aws/rules/r/${"a".repeat(257)}`, fault: "it has 257 bytes, at most 256 are allowed" },
  { topic: "$aws/rules/not-a-rule/a/1/2/3/4/5", fault: "it has 8 slashes, at most 7 are allowed" },
])("topic $topic: $fault", ({ topic, fault }) => {
  expect(topicFault(topic)).toBe(fault);
});

test.each(["a#", "a/#/b", "a+", "a/b+/c", "#a", "++"])(
  "filter %s has its wildcard in a wrong place",
  (filter) => {
    expect(filterFault(filter)).toBe("a wildcard must be a whole level, and # the last level");
  },
);

test.each([
  { topic: "$aws/rules/Rule_1/dt/unit/1", rule: "Rule_1" },
  { topic: "$aws/rules/r", rule: "r" },
  { topic: "$aws/rules/r/", rule: "r" },
  { topic: `$aws/rules/${"r".repeat(128)}/a`, rule: "r".repeat(128) },
  { topic: `$aws/rules/${"r".repeat(129)}/a`, rule: undefined },
  { topic: "$aws/rules/not-a-rule/a", rule: undefined },
  { topic: "$aws/rules/", rule: undefined },
  { topic: "$aws/rules", rule: undefined },
  { topic: "dt/$aws/rules/r/a", rule: undefined },
])("topic $topic is for rule $rule", ({ topic, rule }) => {
  expect(basicIngestRule(topic)).toBe(rule);
});

test.each(["$aws/rules/r/dt/1", "$aws/rules/+/dt", "$aws/rules/#", "$share/g/$aws/rules/r/dt"])(
  "filter %s is for Basic Ingest",
  (filter) => {
    expect(subscriptionFault(filter)).toBe("no client can subscribe to Basic Ingest topics");
    expect(filterFault(filter)).toBeUndefined(); // a fault may name it
  },
);

test.each(["#", "+", "$aws/#", "a/+/#", "$aws/things/+/jobs/#"])("filter %s is right", (filter) => {
  expect(subscriptionFault(filter)).toBeUndefined();
});
