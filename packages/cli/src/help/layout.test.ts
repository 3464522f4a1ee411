import { expect, test } from "vitest";
import { layoutHelp } from "./layout.js";

const bold = (title: string) => `*${title}*`;

test("paragraphs fill the width, however their lines were broken", () => {
  const text = "\nOne two\nthree four.\n\nFive.";
  expect(layoutHelp(text, 14, bold)).toBe("One two three\nfour.\n\nFive.");
  expect(layoutHelp(text, 80, bold)).toBe("One two three four.\n\nFive.");
});

test("examples stay as they are, below a title", () => {
  const examples = "Examples:\n  $ fota list --limit 500 \\\n      --csv\n  $ fota list";
  expect(layoutHelp(examples, 10, bold)).toBe(examples.replace("Examples:", "*Examples:*"));
});
