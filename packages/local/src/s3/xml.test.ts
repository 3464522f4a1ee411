import { expect, test } from "vitest";
import { buildXml, childrenOf, childText, parseXml } from "./xml.js";

test("text survives being written and read, including control characters", () => {
  const key = "<a&b>'\"\r\n\t😀 ";
  const text = buildXml("Delete", { Object: [{ Key: key }, { Key: "b" }], Quiet: true, Left: undefined });
  expect(text).toContain('<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">');
  expect(text).toContain("&#xd;");
  const root = parseXml(text, "Delete");
  expect(childrenOf(root, "Object").map((object) => childText(object, "Key"))).toEqual([key, "b"]);
  expect(childText(root, "Quiet")).toBe("true");
  expect(childText(root, "Left")).toBeUndefined();
});

test.each([
  "",
  "text",
  "<Delete>",
  "<Delete><a></Delete>",
  "<Other/>",
  "<!DOCTYPE Delete><Delete/>",
  "<Delete><__proto__>x</__proto__></Delete>",
  "<__proto__/>",
  "<Delete><constructor/><prototype/></Delete>",
  "<toString/>",
])("%j is malformed", (text) => {
  expect(() => parseXml(text, "Delete")).toThrow(
    expect.objectContaining({ code: "MalformedXML", status: 400 }),
  );
});

test("references are decoded once, and unknown entities stay", () => {
  const root = parseXml("<Delete><Key>&amp;lt;&#65;&#x42;&nope;&#99999999;</Key></Delete>", "Delete");
  expect(childText(root, "Key")).toBe("&lt;AB&nope;&#99999999;");
});
