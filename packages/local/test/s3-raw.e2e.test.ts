/** Presigned URLs in raw HTTP, as devices use them, without a client library that fixes requests. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { presignGet } from "../src/sigv4/sigv4.js";
import { rawGet } from "./raw-http.js";
import { credentials, type S3Host, startS3 } from "./s3-host.js";

const run = promisify(execFile);
const Bucket = "firmware";
const Key = "releases/app 1.bin";
const image = "0123456789".repeat(10_000);
let host: S3Host;
let s3: S3Client;
let url: string;

beforeAll(async () => {
  host = await startS3();
  s3 = host.client();
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: image }));
  url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 600 });
});

afterEach(() => {
  host.offsetMs = 0;
});

afterAll(() => host.stop());

/** Returns the text of the first element `name`. */
function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

describe("a presigned URL", () => {
  test("downloads the object, also with curl, and a part of it with a Range", async () => {
    expect(await rawGet(url)).toMatchObject({ status: 200, text: image });
    const { stdout } = await run("curl", ["-sS", "--fail", "-r", "10-14", "-D", "-", url]);
    expect(stdout).toMatch(/^HTTP\/1\.1 206 [\s\S]*\r\n\r\n01234$/);
    expect(stdout.toLowerCase()).toContain("content-range: bytes 10-14/100000\r\n");
    expect(stdout.toLowerCase()).not.toContain("x-amz-checksum-crc32");
  });

  test("made by the stand-in itself downloads it too", async () => {
    const own = presignGet({
      endpoint: host.endpoint,
      bucket: Bucket,
      key: Key,
      region: "us-east-1",
      credentials,
      expiresInSeconds: 60,
      nowMs: Date.now(),
    });
    expect(await rawGet(own)).toMatchObject({ status: 200, text: image });
  });

  test("is refused after it has expired, with S3's three times", async () => {
    host.offsetMs = 601_000;
    const { status, text, headers } = await rawGet(url);
    expect(status).toBe(403);
    expect(headers["content-type"]).toBe("application/xml");
    expect(element(text, "Code")).toBe("AccessDenied");
    expect(element(text, "Message")).toBe("Request has expired");
    expect(element(text, "X-Amz-Expires")).toBe("600");
    const timeMs = (name: string) => Date.parse(element(text, name) ?? "");
    expect(timeMs("ServerTime") - timeMs("Expires")).toBeGreaterThan(0);
    expect(element(text, "RequestId")).toBe(headers["x-amz-request-id"]);
    expect(element(text, "HostId")).toBe(headers["x-amz-id-2"]);
  });

  test("is refused if the key, the host, the method or a parameter was changed", async () => {
    const other = url.replace("app%201", "app%202");
    const elsewhere = url.replace("127.0.0.1", "localhost");
    for (const changed of [other, elsewhere, `${url}&versionId=null`]) {
      const { status, text } = await rawGet(changed);
      expect([status, element(text, "Code")]).toEqual([403, "SignatureDoesNotMatch"]);
      expect(element(text, "AWSAccessKeyId")).toBe("test");
      expect(element(text, "StringToSign")).toContain("AWS4-HMAC-SHA256");
      expect(element(text, "CanonicalRequest")).toContain("UNSIGNED-PAYLOAD");
    }
    expect(await rawGet(url, { method: "HEAD" })).toMatchObject({ status: 403, text: "" });
  });

  test("signed with an unknown key, or for another region, is refused", async () => {
    const stranger = host.client({ credentials: { accessKeyId: "AKIASTRANGER", secretAccessKey: "x" } });
    const unknown = await rawGet(await getSignedUrl(stranger, new GetObjectCommand({ Bucket, Key })));
    expect([unknown.status, element(unknown.text, "Code")]).toEqual([403, "InvalidAccessKeyId"]);
    const abroad = host.client({ region: "eu-west-1" });
    const wrong = await rawGet(await getSignedUrl(abroad, new GetObjectCommand({ Bucket, Key })));
    expect([wrong.status, element(wrong.text, "Code")]).toEqual([400, "AuthorizationQueryParametersError"]);
    expect(element(wrong.text, "Region")).toBe("us-east-1");
  });

  test("returns the headers that its query sets", async () => {
    const command = new GetObjectCommand({
      Bucket,
      Key,
      ResponseContentType: "text/plain",
      ResponseContentDisposition: 'attachment; filename="a.bin"',
    });
    const { headers } = await rawGet(await getSignedUrl(s3, command));
    expect(headers["content-type"]).toBe("text/plain");
    expect(headers["content-disposition"]).toBe('attachment; filename="a.bin"');
  });

  test("for a missing key or bucket names it", async () => {
    const missing = await rawGet(await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "no <key>" })));
    expect([missing.status, element(missing.text, "Key")]).toEqual([404, "no &lt;key&gt;"]);
    const nowhere = await rawGet(await getSignedUrl(s3, new GetObjectCommand({ Bucket: "nobodys", Key })));
    expect([nowhere.status, element(nowhere.text, "BucketName")]).toEqual([404, "nobodys"]);
  });

  test("for a PUT stores the body, and refuses unsigned headers", async () => {
    const plain = host.client({ requestChecksumCalculation: "WHEN_REQUIRED" });
    const put = await getSignedUrl(plain, new PutObjectCommand({ Bucket, Key: "sent" }));
    const options = { method: "PUT", body: "by a device" };
    const headers = { "content-length": "11" };
    expect((await rawGet(put, { ...options, headers })).status).toBe(200);
    const refused = await rawGet(put, { ...options, headers: { ...headers, "x-amz-meta-a": "b" } });
    expect([refused.status, element(refused.text, "HeadersNotSigned")]).toEqual([403, "x-amz-meta-a"]);
    const sent = await rawGet(await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "sent" })));
    expect(sent.text).toBe("by a device");
  });

  test("completes a download while the object is overwritten, and resumes only the same object", async () => {
    const large = "a".repeat(8_000_000);
    await s3.send(new PutObjectCommand({ Bucket, Key: "moving", Body: large }));
    const moving = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "moving" }));
    const { ETag = "", Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "moving" }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "moving", Body: "b".repeat(8_000_000) }));
    expect((await Body?.transformToString()) === large).toBe(true);
    const resumed = await rawGet(moving, { headers: { range: "bytes=5-", "if-match": ETag } });
    expect([resumed.status, element(resumed.text, "Code")]).toEqual([412, "PreconditionFailed"]);
  });
});

describe("a request", () => {
  const target = () => `${host.endpoint}/${Bucket}/${encodeURIComponent(Key)}`;

  test("without a signature is refused, so a URL does not work without its query", async () => {
    const { status, text } = await rawGet(target());
    expect([status, element(text, "Code")]).toEqual([403, "AccessDenied"]);
  });

  test("signed with version 2 is refused with a hint at version 4", async () => {
    const { status, text } = await rawGet(`${target()}?AWSAccessKeyId=test&Expires=9999999999&Signature=x`);
    expect([status, element(text, "Code")]).toEqual([400, "InvalidRequest"]);
    expect(element(text, "Message")).toContain("Please use AWS4-HMAC-SHA256");
  });

  test("with any signature in its headers is accepted unless signatures are verified", async () => {
    const authorization =
      "AWS4-HMAC-SHA256 Credential=anyone/20261124/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";
    expect((await rawGet(target(), { headers: { authorization } })).status).toBe(200);
    const strict = await startS3({ verifySignatures: true });
    const headers = {
      authorization,
      "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
      "x-amz-date": "20261124T000000Z",
    };
    const { status } = await rawGet(`${strict.endpoint}/${Bucket}/k`, { headers });
    await strict.stop();
    expect(status).toBe(403);
  });

  const authorization =
    "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";
  const put = (headers: Record<string, string>, body = "hello") =>
    rawGet(`${host.endpoint}/${Bucket}/raw`, { method: "PUT", headers: { authorization, ...headers }, body });
  const chunked = {
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "x-amz-decoded-content-length": "9",
    "x-amz-trailer": "x-amz-checksum-crc32c",
    "content-encoding": "aws-chunked, gzip",
  };

  test("in aws-chunked form is decoded, its trailer checked and its other coding kept", async () => {
    const body = "4\r\n1234\r\n5\r\n56789\r\n0\r\nx-amz-checksum-crc32c:4waSgw==\r\n\r\n";
    expect((await put({ ...chunked, "content-length": String(body.length) }, body)).status).toBe(200);
    expect(host.store.object(Bucket, "raw")).toMatchObject({
      sizeBytes: 9,
      headers: { "content-encoding": "gzip" },
      checksum: { algorithm: "CRC32C", value: "4waSgw==" },
    });
  });

  test.each([
    {
      what: "a wrong trailer",
      body: "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n",
      code: "BadDigest",
    },
    { what: "no trailer", body: "9\r\n123456789\r\n0\r\n\r\n", code: "MalformedTrailerError" },
    {
      what: "too few bytes",
      body: "3\r\n123\r\n0\r\nx-amz-checksum-crc32c:4waSgw==\r\n\r\n",
      code: "IncompleteBody",
    },
    { what: "no end", body: "9\r\n123456789\r\n", code: "IncompleteBody" },
    { what: "no framing", body: "123456789 is not framed\r\n", code: "InvalidRequest" },
  ])("in aws-chunked form with $what is refused", async ({ body, code }) => {
    const { status, text } = await put({ ...chunked, "content-length": String(body.length) }, body);
    expect([status, element(text, "Code")]).toEqual([400, code]);
  });

  test.each([
    {
      headers: { "content-length": "5", "x-amz-content-sha256": "0".repeat(64) },
      answer: [400, "XAmzContentSHA256Mismatch"],
    },
    {
      headers: {
        "content-length": "5",
        "x-amz-content-sha256": "0".repeat(64),
        "x-amz-checksum-sha256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", // of "hello"
      },
      answer: [400, "XAmzContentSHA256Mismatch"],
    },
    { headers: { "content-length": "5", "x-amz-checksum-sha512": "AAAA" }, answer: [400, "InvalidRequest"] },
    { headers: { "content-length": "5", "x-amz-checksum-crc32": "AAAA" }, answer: [400, "InvalidRequest"] },
    {
      headers: { "content-length": "5", "x-amz-server-side-encryption": "aws:kms" },
      answer: [501, "NotImplemented"],
    },
    { headers: { "transfer-encoding": "chunked" }, answer: [411, "MissingContentLength"] },
  ])("with $headers is answered with $answer", async ({ headers, answer }) => {
    const { status, text } = await put(headers);
    expect([status, element(text, "Code")]).toEqual(answer);
  });

  test("with a document type in its XML is refused, so nothing is expanded", async () => {
    const body = '<!DOCTYPE Delete [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>';
    const { text } = await rawGet(`${host.endpoint}/${Bucket}?delete`, {
      method: "POST",
      headers: { authorization, "content-length": String(body.length) },
      body,
    });
    expect(element(text, "Code")).toBe("InvalidRequest");
    const md5 = createHash("md5").update(body).digest("base64");
    const again = await rawGet(`${host.endpoint}/${Bucket}?delete`, {
      method: "POST",
      headers: { authorization, "content-length": String(body.length), "content-md5": md5 },
      body,
    });
    expect(element(again.text, "Code")).toBe("MalformedXML");
  });
});
