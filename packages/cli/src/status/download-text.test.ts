import { expect, test } from "vitest";
import { downloadText } from "./download-text.js";

test.each([
  [{}, undefined],
  [{ fetchedBytes: 5 }, undefined],
  [{ via: "patch", fetchedBytes: 24_576 }, "as a patch, 24.0 KiB"],
  [{ via: "compressed", fetchedBytes: 100 }, "compressed, 100 B"],
  [{ via: "whole" }, "whole"],
  [
    { via: "whole:url-refused", fetchedBytes: 1024 },
    "whole, because the patch did not work (url-refused), 1.0 KiB",
  ],
  [{ via: "carrier pigeon" }, "carrier pigeon"],
])("%o -> %s", (report, text) => {
  expect(downloadText(report)).toBe(text);
});
