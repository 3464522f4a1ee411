import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { jobDocumentOf } from "./document.js";

const spec = { fwVersion: undefined, model: undefined, minVersion: undefined };
const url = `https://fw.s3.eu-west-1.amazonaws.com/app.bin?X-Amz-Security-Token=${"t".repeat(1_400)}`;
const digest = (letter: string) => letter.repeat(64);
const image = { md5: "0".repeat(32), sha256: digest("0"), sizeBytes: 1_000 };

function fileFor(slot: number, patches: number) {
  const froms = ["a", "b", "c", "d"].slice(0, patches);
  const bc_delta = froms.map((letter) => {
    return { from_sha256: digest(letter), from_size: 900, url, bytes: 100, sha256: digest("e") };
  });
  return { image, slot, url, ...(patches > 0 && { bc_delta }) };
}

function hintFor(slots: number, patches: number): unknown {
  try {
    const others = Array.from({ length: slots - 1 }, (_, slot) => fileFor(slot + 1, patches));
    jobDocumentOf(spec, [fileFor(0, patches), ...others]);
    return "it fits";
  } catch (error) {
    return error instanceof FotaError && error.code === "DOCUMENT_TOO_LARGE" ? error.hint : error;
  }
}

test("patches count for the size of the document, and the hint names them", () => {
  expect(hintFor(9, 0)).toBe("it fits");
  expect(hintFor(2, 4)).toBe("it fits");
  expect(hintFor(9, 4)).toBe(
    "use --presign iot, which puts short placeholders into it instead of URLs, or offer fewer patches",
  );
});
