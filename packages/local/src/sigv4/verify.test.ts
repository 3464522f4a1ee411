import { describe, expect, test } from "vitest";
import { AwsError } from "../errors.js";
import { createChunkVerifier } from "./chunk-verifier.js";
import { detectSignature } from "./claim.js";
import { presignGet, type SignedRequest } from "./sigv4.js";
import { verifyHeaders, verifyPresigned } from "./verify.js";

// AWS's documented examples: S3 API Reference, "Authenticating Requests" (query parameters; single chunk; chunks).
const example = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const credentials = [{ accessKeyId: "test", secretAccessKey: "test" }, example];
const signedAtMs = Date.UTC(2013, 4, 24);
const options = { credentials, nowMs: signedAtMs + 60_000 };
const exampleQuery =
  "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
const exampleUrl = `/test.txt?${exampleQuery}`;

function request(
  url: string,
  headers: Record<string, string> = { Host: "examplebucket.s3.amazonaws.com" },
  method = "GET",
): SignedRequest {
  const lowered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { method, url, headers: Object.fromEntries(lowered), rawHeaders: Object.entries(headers).flat() };
}

function refusal(action: () => unknown): AwsError {
  try {
    action();
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("presigned", () => {
  test("AWS's documented URL is valid", () => {
    expect(verifyPresigned(request(exampleUrl), options).scope).toEqual({
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      date: "20130524",
      region: "us-east-1",
      service: "s3",
    });
  });

  test("a URL of presignGet is valid, for any key and a host with a port", () => {
    const url = new URL(
      presignGet({
        endpoint: "http://127.0.0.1:4566",
        bucket: "fw",
        key: "a b/../é+*'()!$&=#?%.bin",
        region: "eu-west-1",
        credentials: example,
        expiresInSeconds: 60,
        nowMs: signedAtMs,
      }),
    );
    // The path is taken from the text: a URL object would resolve the dots.
    const target = `/fw/a%20b/../%C3%A9%2B%2A%27%28%29%21%24%26%3D%23%3F%25.bin${url.search}`;
    expect(verifyPresigned(request(target, { Host: "127.0.0.1:4566" }), options).scope.region).toBe(
      "eu-west-1",
    );
  });

  test.each([
    { what: "the method", from: request(exampleUrl, undefined, "HEAD") },
    { what: "the key", from: request(exampleUrl.replace("test.txt", "other.txt")) },
    { what: "the host", from: request(exampleUrl, { Host: "other.s3.amazonaws.com" }) },
    { what: "the lifetime", from: request(exampleUrl.replace("Expires=86400", "Expires=604800")) },
    { what: "a parameter", from: request(`${exampleUrl}&response-content-type=text%2Fhtml`) },
    { what: "the signature", from: request(exampleUrl.replace("f604d404", "f604d405")) },
    { what: "the signature's length", from: request(exampleUrl.slice(0, -1)) },
  ])("refuses a URL in which $what was altered", ({ from }) => {
    const error = refusal(() => verifyPresigned(from, options));
    expect(error).toMatchObject({ code: "SignatureDoesNotMatch", status: 403 });
    expect(error.extra).toMatchObject({ AWSAccessKeyId: "AKIAIOSFODNN7EXAMPLE" });
    expect(error.extra["StringToSign"]).toMatch(
      /^AWS4-HMAC-SHA256\n20130524T000000Z\n20130524\/us-east-1\/s3/,
    );
    expect(error.extra["CanonicalRequest"]).toContain("\nUNSIGNED-PAYLOAD");
    expect(error.extra["SignatureProvided"]).toBeDefined();
  });

  test("is valid up to its last second, then refused with the three times", () => {
    const endMs = signedAtMs + 86_400_000;
    expect(() => verifyPresigned(request(exampleUrl), { credentials, nowMs: endMs })).not.toThrow();
    const error = refusal(() => verifyPresigned(request(exampleUrl), { credentials, nowMs: endMs + 1000 }));
    expect(error).toMatchObject({
      code: "AccessDenied",
      status: 403,
      message: "Request has expired",
      extra: {
        "X-Amz-Expires": "86400",
        Expires: "2013-05-25T00:00:00Z",
        ServerTime: "2013-05-25T00:00:01Z",
      },
    });
  });

  test("is refused if it was signed more than 15 minutes in the future", () => {
    expect(() =>
      verifyPresigned(request(exampleUrl), { credentials, nowMs: signedAtMs - 900_000 }),
    ).not.toThrow();
    const error = refusal(() =>
      verifyPresigned(request(exampleUrl), { credentials, nowMs: signedAtMs - 901_000 }),
    );
    expect(error).toMatchObject({ code: "AccessDenied", status: 403, message: "Request is not valid yet" });
  });

  test("refuses an unknown access key", () => {
    const error = refusal(() =>
      verifyPresigned(request(exampleUrl), { ...options, credentials: credentials.slice(0, 1) }),
    );
    expect(error).toMatchObject({
      code: "InvalidAccessKeyId",
      status: 403,
      extra: { AWSAccessKeyId: "AKIAIOSFODNN7EXAMPLE" },
    });
  });

  test("refuses unsigned x-amz- headers, and accepts other unsigned headers", () => {
    const host = "examplebucket.s3.amazonaws.com";
    const error = refusal(() =>
      verifyPresigned(request(exampleUrl, { Host: host, "X-Amz-Acl": "x" }), options),
    );
    expect(error).toMatchObject({
      code: "AccessDenied",
      status: 403,
      extra: { HeadersNotSigned: "x-amz-acl" },
    });
    const ranged = request(exampleUrl, { Host: host, Range: "bytes=0-0", "If-Match": '"e"' });
    expect(() => verifyPresigned(ranged, options)).not.toThrow();
  });

  test("refuses a second signature in a header", () => {
    const both = request(exampleUrl, { Host: "examplebucket.s3.amazonaws.com", Authorization: "AWS4 x" });
    expect(refusal(() => verifyPresigned(both, options))).toMatchObject({
      code: "InvalidArgument",
      status: 400,
    });
  });

  test.each([
    { what: "no signature", from: exampleQuery.replace(/&X-Amz-Signature=.*/, "") },
    { what: "two dates", from: `${exampleQuery}&X-Amz-Date=20130524T000000Z` },
    { what: "another algorithm", from: exampleQuery.replace("HMAC-SHA256&", "HMAC-SHA1&") },
    { what: "a credential out of form", from: exampleQuery.replace("%2Faws4_request", "") },
    { what: "a date out of form", from: exampleQuery.replace("T000000Z", "T0000Z") },
    { what: "two different days", from: exampleQuery.replace("Date=20130524", "Date=20130525") },
    { what: "a lifetime that is no number", from: exampleQuery.replace("=86400", "=1d") },
    { what: "a lifetime of nothing", from: exampleQuery.replace("=86400", "=0") },
    { what: "a lifetime above seven days", from: exampleQuery.replace("=86400", "=604801") },
  ])("refuses a query with $what", ({ from }) => {
    const error = refusal(() => verifyPresigned(request(`/test.txt?${from}`), options));
    expect(error).toMatchObject({ code: "AuthorizationQueryParametersError", status: 400 });
  });
});

describe("headers", () => {
  const emptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const getHeaders = {
    Host: "examplebucket.s3.amazonaws.com",
    Authorization:
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    Range: "bytes=0-9",
    "x-amz-content-sha256": emptySha256,
    "x-amz-date": "20130524T000000Z",
  };

  test("AWS's documented GET with a range is valid", () => {
    const verified = verifyHeaders(request("/test.txt", getHeaders), {
      ...options,
      payloadHash: emptySha256,
    });
    expect(verified.scope.service).toBe("s3");
  });

  test("refuses another range, payload, clock and key", () => {
    const refused = (headers: Record<string, string>, payloadHash = emptySha256, nowMs = options.nowMs) =>
      refusal(() => verifyHeaders(request("/test.txt", headers), { credentials, nowMs, payloadHash })).code;
    expect(refused({ ...getHeaders, Range: "bytes=0-10" })).toBe("SignatureDoesNotMatch");
    expect(refused(getHeaders, "UNSIGNED-PAYLOAD")).toBe("SignatureDoesNotMatch");
    expect(refused(getHeaders, emptySha256, signedAtMs + 901_000)).toBe("RequestTimeTooSkewed");
    const unknown = getHeaders.Authorization.replace("AKIAIOSFODNN7EXAMPLE", "AKIAUNKNOWN");
    expect(refused({ ...getHeaders, Authorization: unknown })).toBe("InvalidAccessKeyId");
    expect(refused({ ...getHeaders, Authorization: "AWS4-HMAC-SHA256 x" })).toBe(
      "AuthorizationHeaderMalformed",
    );
  });

  test("AWS's documented upload in chunks is valid chunk by chunk, and invalid after a change", () => {
    const headers = {
      Host: "s3.amazonaws.com",
      "x-amz-date": "20130524T000000Z",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      Authorization:
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
      "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
      "Content-Encoding": "aws-chunked",
      "x-amz-decoded-content-length": "66560",
      "Content-Length": "66824",
    };
    const seed = verifyHeaders(request("/examplebucket/chunkObject.txt", headers, "PUT"), {
      ...options,
      payloadHash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    });
    // SHA-256 of 65,536 and of 1,024 letters "a".
    const first = "bf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a";
    const second = "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a";
    const chunks = createChunkVerifier(seed);
    chunks.chunk("ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", first);
    chunks.chunk("0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", second);
    chunks.chunk("b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9", emptySha256);
    expect(refusal(() => createChunkVerifier(seed).chunk("ad80c730", second)).code).toBe(
      "SignatureDoesNotMatch",
    );
  });
});

test.each([
  { url: "/b/k", headers: {}, kind: "none" },
  { url: exampleUrl, headers: {}, kind: "presigned" },
  { url: "/b/k?X-Amz-Signature=00", headers: {}, kind: "presigned" },
  { url: "/b/k", headers: { authorization: "AWS4-HMAC-SHA256 Credential=x" }, kind: "header" },
  { url: "/b/k?AWSAccessKeyId=test&Signature=x&Expires=1", headers: {}, kind: "unsupported" },
  { url: "/b/k", headers: { authorization: "AWS test:abc" }, kind: "unsupported" },
])("tells how $url is signed: $kind", ({ url, headers, kind }) => {
  expect(detectSignature(request(url, headers))).toBe(kind);
});
