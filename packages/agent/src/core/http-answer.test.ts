import { describe, expect, test } from "vitest";
import { errorPage } from "../testing/index.js";
import { readErrorPage, readImageAnswer } from "./http-answer.js";

async function* bodyOf(page: Uint8Array): AsyncGenerator<Uint8Array> {
  yield page;
}

const read = (page: Uint8Array) => readErrorPage({ status: 403, headers: {}, body: bodyOf(page) });

describe("an error page", () => {
  test.each(["AccessDenied", "NoSuchKey", "ExpiredToken", "SlowDown", "KMS.DisabledException"])(
    "%s is a code of S3",
    async (code) => {
      expect(await read(errorPage(code, "its words"))).toBe(code);
    },
  );

  test("an expired URL is reported without text of the server", async () => {
    expect(await read(errorPage("AccessDenied", "Request has expired"))).toBe(
      "AccessDenied: the URL has expired",
    );
    expect(await read(errorPage("AccessDenied", "Request has expired. Call 555-0100"))).toBe("AccessDenied");
  });

  test.each([
    ["a code that S3 does not have", errorPage("CallThisNumber")],
    ["a known code with more behind it", errorPage("AccessDenied ")],
    ["escape codes", errorPage("\u001b[31mAccessDenied")],
    ["a page of another service", Uint8Array.from("<html>admin:admin</html>", (c) => c.charCodeAt(0))],
    ["no page", new Uint8Array(0)],
  ])("nothing is repeated of %s", async (_what, page) => {
    expect(await read(page)).toBeUndefined();
  });
});

test.each(["bytes 7-99/100", "<script>alert(1)</script>", "bytes 0-99/100\u001b[2J", undefined])(
  "a content-range of %j is reported without its text",
  (range) => {
    const answer = readImageAnswer(
      { status: 206, headers: { "content-range": range }, body: bodyOf(new Uint8Array(0)) },
      50,
      100,
    );
    expect(answer).toMatchObject({
      kind: "try-again",
      detail: expect.stringMatching(/^the server sent [\w ]+ instead of bytes from 50$/),
    });
  },
);

describe("a part of an object", () => {
  const part = (etag?: string) => ({
    status: 206,
    headers: { "content-range": "bytes 10-99/100", ...(etag !== undefined && { etag }) },
    body: bodyOf(new Uint8Array(0)),
  });

  test("of another object than the first part is not added to it, where If-Match was ignored", () => {
    expect(readImageAnswer(part('"b"'), 10, 100, '"a"')).toEqual({ kind: "changed" });
    expect(readImageAnswer(part('"a"'), 10, 100, '"a"')).toMatchObject({ kind: "body", startBytes: 10 });
  });

  test("that names no object, or follows a part that named none, is taken", () => {
    expect(readImageAnswer(part(), 10, 100, '"a"')).toMatchObject({ kind: "body", startBytes: 10 });
    expect(readImageAnswer(part('W/"b"'), 10, 100, '"a"')).toMatchObject({ kind: "body" });
    expect(readImageAnswer(part('"b"'), 10, 100)).toMatchObject({ kind: "body", startBytes: 10 });
  });
});
