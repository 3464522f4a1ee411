import { expect, test } from "vitest";
import { parseCredentialScope, presignGet, queryPairs, type SignedRequest, uriEncodePath } from "./sigv4.js";

function request(url: string, headers: Record<string, string> = {}): SignedRequest {
  return { method: "GET", url, headers, rawHeaders: Object.entries(headers).flat() };
}

test("makes a path-style URL with the parameters of AWS's documented example", () => {
  // S3 API Reference, "Authenticating Requests: Using Query Parameters".
  const url = presignGet({
    endpoint: "https://s3.amazonaws.com",
    bucket: "examplebucket",
    key: "test.txt",
    region: "us-east-1",
    credentials: {
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    },
    expiresInSeconds: 86400,
    nowMs: Date.UTC(2013, 4, 24),
  });
  expect(url).toContain(
    "https://s3.amazonaws.com/examplebucket/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=",
  );
});

test.each([
  {
    name: "a presigned query",
    from: request("/b/k?X-Amz-Credential=AKID%2F20261124%2Feu-west-1%2Fs3%2Faws4_request"),
    scope: { accessKeyId: "AKID", date: "20261124", region: "eu-west-1", service: "s3" },
  },
  {
    name: "an Authorization header",
    from: request("/jobs", {
      authorization:
        "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/iot/aws4_request, SignedHeaders=host, Signature=00",
    }),
    scope: { accessKeyId: "test", date: "20261124", region: "us-east-1", service: "iot" },
  },
  { name: "no signature", from: request("/b/k"), scope: undefined },
  { name: "a signature of version 2", from: request("/b/k", { authorization: "AWS a:b" }), scope: undefined },
  {
    name: "a scope out of form",
    from: request("/b/k?X-Amz-Credential=AKID%2F2026%2Fs3"),
    scope: undefined,
  },
])("finds the scope in $name", ({ from, scope }) => {
  expect(parseCredentialScope(from)).toEqual(scope);
});

test("reads a query as S3 does", () => {
  expect(queryPairs("/b/k?uploads&a=1%2B2&b=x+y&c=%zz&=e")).toEqual([
    ["uploads", ""],
    ["a", "1+2"],
    ["b", "x y"],
    ["c", "%zz"],
    ["", "e"],
  ]);
  expect(queryPairs("/b/k")).toEqual([]);
});

test("encodes all characters of a path except slashes and unreserved ones", () => {
  expect(uriEncodePath("/a b/é*('!~-._$+")).toBe("/a%20b/%C3%A9%2A%28%27%21~-._%24%2B");
});
