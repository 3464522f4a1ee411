import { expect, test } from "vitest";
import { type RequestFacts, refusalOf } from "./check-request.js";

const HOSTS = new Set(["127.0.0.1:8321", "localhost:8321"]);
const statusOf = (facts: Partial<RequestFacts>) =>
  refusalOf(
    { method: "GET", url: "/", ...facts, headers: { host: "127.0.0.1:8321", ...facts.headers } },
    HOSTS,
  )?.status;

test.each(["127.0.0.1:8321", "localhost:8321", "LOCALHOST:8321"])("Host %s is the dashboard", (host) => {
  expect(statusOf({ headers: { host } })).toBeUndefined();
});

test.each([
  "evil.example",
  "evil.example:8321",
  "127.0.0.1",
  "127.0.0.1:8322",
  "localhost.evil.example:8321",
  "evil.localhost:8321",
  "user@127.0.0.1:8321",
  "[::1]:8321",
  "",
  undefined,
])("Host %j is refused, as after DNS rebinding", (host) => {
  expect(
    refusalOf({ method: "GET", url: "/", headers: host === undefined ? {} : { host } }, HOSTS),
  ).toMatchObject({
    status: 421,
  });
});

test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])("%s is refused", (method) => {
  expect(statusOf({ method })).toBe(405);
});

test.each(["http://127.0.0.1:8321/", "*", "//evil.example/", "/\\evil.example/", ""])(
  "the request target %j is refused",
  (url) => {
    expect(statusOf({ url })).toBe(400);
  },
);

test.each([{ "content-length": "3" }, { "transfer-encoding": "chunked" }])(
  "a body is refused: %j",
  (headers) => {
    expect(statusOf({ headers })).toBe(400);
  },
);

test.each([
  ["of another origin", { origin: "https://evil.example" }],
  ["of another port of this machine", { origin: "http://127.0.0.1:3000" }],
  ["of a sandboxed frame", { origin: "null" }],
  [
    "of another origin by fetch without CORS",
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
  ],
  ["of another port by an image", { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" }],
  [
    "that frames the dashboard",
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
  ],
])("a page %s is refused", (_name, headers) => {
  expect(statusOf({ headers })).toBe(403);
});

test.each([
  [
    "the page itself",
    { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
  ],
  [
    "the address bar",
    { "sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
  ],
  [
    "a link in a chat",
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
  ],
  ["its own origin", { origin: "http://127.0.0.1:8321" }],
  ["a scraper", {}],
])("a request from %s is accepted", (_name, headers) => {
  expect(statusOf({ headers })).toBeUndefined();
});
