import { expect, test } from "vitest";
import { imageHost, isImageUrl, isPresignPlaceholder, parseImageUrl } from "./image-url.js";

test.each([
  "https://fw.s3.eu-west-1.amazonaws.com/a%20b.bin?X-Amz-Signature=00",
  "https://10.0.0.5:8443/app.bin",
  "http://127.0.0.1:4566/fw/app.bin?X-Amz-Expires=3600",
  "http://localhost:4566/fw/app.bin",
  "http://LOCALHOST/app.bin",
  "http://[::1]:4566/app.bin",
  "https://[2001:db8::1]/app.bin",
  "https://[::ffff:10.0.0.5]:8443/app.bin",
  "https://1.example.com?X-Amz-Signature=00",
  "https://my_bucket.s3.amazonaws.com/app.bin#part",
  "http://127.255.255.254:65535/app.bin",
])("an image may come from %s", (url) => {
  expect(isImageUrl(url)).toBe(true);
});

test.each([
  "",
  "app.bin",
  "https://",
  "https:///app.bin",
  "ftp://127.0.0.1/app.bin",
  "http://images.example.com/app.bin",
  "http://127.0.0.1.example.com/app.bin",
  "http://localhost.example.com/app.bin",
  "http://localhost@example.com/app.bin",
  "http://example.com#@localhost/",
  "http://example.com\\@localhost/",
  "https://user:secret@example.com/app.bin",
  "https://example.com/a b",
  "http://[::1]evil.com/app.bin",
  "https://[::1]evil.com/app.bin",
  "http://[::1]:80@evil.com/app.bin",
  "http://[::1/app.bin",
  "http://::1/app.bin",
  "http://[]/app.bin",
  "http://[127.0.0.1]/app.bin",
  "http://[::1%25lo]/app.bin",
  "https://[1:2:3:4:5:6:7]/app.bin",
  "https://[1:2:3:4:5:6:7:8:9]/app.bin",
  "https://[1::2::3]/app.bin",
  "https://[12345::1]/app.bin",
  "http://[::ffff:127.0.0.1]/app.bin",
  "http://127.1/app.bin",
  "http://2130706433/app.bin",
  "http://0x7f000001/app.bin",
  "http://0x7f.0.0.1/app.bin",
  "http://0177.0.0.1/app.bin",
  "http://127.0.0.01/app.bin",
  "http://127.0.0.256/app.bin",
  "http://127.0.0.1./app.bin",
  "https://10.1/app.bin",
  "https://example.com./app.bin",
  "https://example..com/app.bin",
  "https://.example.com/app.bin",
  "http://localhost./app.bin",
  "http://127.0.0.1:/app.bin",
  "http://127.0.0.1:0/app.bin",
  "http://127.0.0.1:65536/app.bin",
  "http://127.0.0.1:80:80/app.bin",
  "http://127.0.0.1:+80/app.bin",
  "http://local%68ost/app.bin",
  "https://ex%61mple.com/app.bin",
  "https://ｅxample.com/app.bin",
  "https://example.com/größe.bin",
  "https://example.com\\@evil.com/app.bin",
  "https:/example.com/app.bin",
  "https:example.com/app.bin",
  "HTTPS://example.com/app.bin",
  "https://@example.com/app.bin",
  "https://example.com\t/app.bin",
  "https://example.com/a\nb",
  `https://example.com/${"a".repeat(9_000)}`,
])("no image comes from %j", (url) => {
  expect(isImageUrl(url)).toBe(false);
});

test("AWS's presign placeholders are distinguished from URLs", () => {
  expect(isPresignPlaceholder("${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw/app.bin}")).toBe(true);
  expect(isPresignPlaceholder("${aws:iot:s3-presigned-url-v2:https://s3.amazonaws.com/fw/a%20b.bin}")).toBe(
    true,
  );
  expect(isPresignPlaceholder("${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw/app.bin")).toBe(false);
  expect(isPresignPlaceholder("https://s3.amazonaws.com/fw/app.bin")).toBe(false);
});

test.each([
  ["https://Fw.S3.amazonaws.com", { secure: true, host: "fw.s3.amazonaws.com", port: 443, path: "/" }],
  ["https://a.com?x=/@b.com", { secure: true, host: "a.com", port: 443, path: "/?x=/@b.com" }],
  ["http://[::1]:4566/a/../b%2f?q#f", { secure: false, host: "::1", port: 4566, path: "/a/../b%2f?q" }],
])("%s is taken apart, its path as it is", (url, parsed) => {
  expect(parseImageUrl(url)).toEqual(parsed);
});

test("a host is what Node's parser takes for the host too, or it is none", () => {
  const pieces = [
    "",
    "a.com",
    "[::1]",
    "127.0.0.1",
    "127.1",
    "@",
    ":",
    ":80",
    "\\",
    "%61",
    ".",
    "/",
    "?",
    "#",
    "0x1",
  ];
  for (const a of pieces)
    for (const b of pieces)
      for (const c of pieces) {
        const url = `https://${a}${b}${c}/app.bin`;
        const host = imageHost(url);
        if (host !== undefined) expect(new URL(url).hostname, url).toBe(host);
      }
});
