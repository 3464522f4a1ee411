import { expect, test } from "vitest";
import { readVariable, strayCharacterIn } from "./stray-character.js";

test.each([
  ["us-east-1 ", "ends with a space (U+0020)"],
  [" us-east-1", "begins with a space (U+0020)"],
  ["us-east-1  ", "ends with a space (U+0020)"],
  ["us-east-1\r", "ends with a carriage return (U+000D)"],
  ["AKIA\n", "ends with a line feed (U+000A)"],
  ["AK\nIA", "holds a line feed (U+000A) after 2 characters"],
  ["\ufeffdev", "begins with a byte order mark (U+FEFF)"],
  ["de\u200bv", "holds a zero-width space (U+200B) after 2 characters"],
  ["dev\u00a0", "ends with a no-break space (U+00A0)"],
  ["de\u202ev", "holds an invisible character (U+202E) after 2 characters"],
  ["a\u2003b", "holds a special space (U+2003) after 1 characters"],
  [" ", "begins with a space (U+0020)"],
  ["a\tb", "holds a tab (U+0009) after 1 characters"],
] as const)("%j %s", (value, stray) => {
  expect(strayCharacterIn(value)).toBe(stray);
});

test.each(["eu-west-1", "/home/Jörg Müller/ca.pem", "abc/+=", "東京", "👩‍🔧".replace("\u200d", "")])(
  "%j is taken as it is",
  (value) => {
    expect(strayCharacterIn(value)).toBeUndefined();
  },
);

test("a variable with a character that nobody sees is refused by its name, without its value", () => {
  const read = () => readVariable({ AWS_SECRET_ACCESS_KEY: "s3cret\n" }, "AWS_SECRET_ACCESS_KEY");
  expect(read).toThrow("AWS_SECRET_ACCESS_KEY ends with a line feed (U+000A)");
  expect(read).not.toThrow(/s3cret/);
  expect(readVariable({ AWS_REGION: "" }, "AWS_REGION")).toBeUndefined();
});
