import { expect, test } from "vitest";
import { createRouter, route } from "./router.js";

const operations = [
  "GET /things/{thingName}/jobs/{jobId}",
  "GET /things/{thingName}/jobs/$next",
  "GET /things/{thingName}",
  "GET /things",
  "DELETE /things/{thingName}",
  "POST /topics/{topic+}",
];
const find = createRouter(operations.map((operation) => route(operation, () => operation)));

function found(method: string, path: string) {
  const { handler, params } = find(method, path);
  return { operation: handler({} as Parameters<typeof handler>[0]), params };
}

test.each([
  ["GET", "/things", "GET /things", {}],
  ["GET", "/things/t1", "GET /things/{thingName}", { thingName: "t1" }],
  ["DELETE", "/things/t1", "DELETE /things/{thingName}", { thingName: "t1" }],
  ["GET", "/things/t1/jobs/j1", "GET /things/{thingName}/jobs/{jobId}", { thingName: "t1", jobId: "j1" }],
  ["GET", "/things/a%2Fb%20c", "GET /things/{thingName}", { thingName: "a/b c" }],
  ["POST", "/topics/a", "POST /topics/{topic+}", { topic: "a" }],
  ["POST", "/topics/a/b", "POST /topics/{topic+}", { topic: "a/b" }],
  ["POST", "/topics//a", "POST /topics/{topic+}", { topic: "/a" }],
  ["POST", "/topics/a%2Fb", "POST /topics/{topic+}", { topic: "a/b" }],
])("%s %s is %s", (method, path, operation, params) => {
  expect(found(method, path)).toEqual({ operation, params });
});

test("a literal segment is preferred to a parameter, whichever route comes first", () => {
  expect(found("GET", "/things/t1/jobs/$next").operation).toBe("GET /things/{thingName}/jobs/$next");
});

test.each([
  ["GET", "/"],
  ["GET", "/thing"],
  ["GET", "/things/"],
  ["GET", "/things//jobs/j1"],
  ["GET", "/things/t1/jobs"],
  ["PATCH", "/things/t1"],
  ["POST", "/topics"],
  ["POST", "/topics/"],
])("no route is found for %s %s", (method, path) => {
  expect(() => find(method, path)).toThrow(`${method} ${path}`);
});

test("a segment that is not percent-encoded UTF-8 is refused", () => {
  expect(() => find("GET", "/things/%ff")).toThrow("the path segment %ff is not percent-encoded UTF-8");
});
