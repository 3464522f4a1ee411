import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { noticesOf } from "./third-party.mjs";

const MIT = readFileSync(new URL("../LICENSE", import.meta.url), "utf8").trim();
const TERMS = MIT.slice(MIT.indexOf("Permission is hereby granted"));

const onePackage = (name: string, text: string, license = "MIT") => {
  return { name, version: "1.0.0", license, texts: [text] };
};
const by = (author: string, terms = TERMS) => `MIT License\n\nCopyright (c) ${author}\n\n${terms}`;

test("packages with the same terms share them, whatever their line breaks, and keep their copyright lines", () => {
  const notices = noticesOf([
    onePackage("a", by("Ann")),
    onePackage("b", by("Ann")),
    onePackage("c", by("Carl", TERMS.replace(/\s+/g, " "))),
  ]);
  expect(notices.split("Permission is hereby granted")).toHaveLength(2);
  expect(notices).toContain(TERMS);
  expect(notices).toContain("a 1.0.0\nb 1.0.0\n\nMIT License\n\nCopyright (c) Ann\n");
  expect(notices).toContain("c 1.0.0\n\nMIT License\n\nCopyright (c) Carl\n");
});

test("terms with other words stay as they are", () => {
  const other = TERMS.replace("sublicense, and/or sell", "and sublicense");
  const notices = noticesOf([onePackage("a", by("Ann")), onePackage("b", by("Ben", other))]);
  expect(notices).toContain(TERMS);
  expect(notices).toContain(other);
});

test("what stands after the terms is kept", () => {
  expect(noticesOf([onePackage("a", `${by("Ann")}\n\nNOTICE: it has icons of Ben`)])).toContain(
    "icons of Ben",
  );
});

test("a license that is not known is kept whole", () => {
  const text = "Copyright (c) Ann\n\nDo as you like.";
  expect(noticesOf([onePackage("a", text, "Other")])).toContain(`a 1.0.0\n\nLicense: Other\n\n${text}\n`);
});
