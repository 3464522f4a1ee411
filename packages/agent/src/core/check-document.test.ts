import { describe, expect, test } from "vitest";
import { documentOf, imageOf } from "../testing/index.js";
import { checkDocument, targetsIn } from "./check-document.js";

const IMAGE = imageOf(1, 800);
const record = { runningSlot: 0, currentSlot: 0, workingSlot: 0, slotCount: 2, slotSizeBytes: 1_000 };

function check(more: Record<string, unknown>, about = {}) {
  return checkDocument({ ...documentOf(IMAGE, 1), ...more }, record, about);
}

describe("a job document", () => {
  test("with the five legacy keys alone is accepted", async () => {
    const { bc_sha256: _, ...document } = documentOf(IMAGE, 1);
    expect(await checkDocument(document, record, {})).toMatchObject({
      kind: "update",
      target: { slot: 1, sizeBytes: 800, md5: document.bc_crc, url: document.bc_url },
    });
  });

  test("digests are compared in lower case (P-39)", async () => {
    const bc_crc = documentOf(IMAGE, 1).bc_crc.toUpperCase();
    expect(await check({ bc_crc })).toMatchObject({ target: { md5: bc_crc.toLowerCase() } });
  });

  test.each([
    [{ bc_model: "a" }, { model: "a" }],
    [{ bc_min: "1.2" }, { firmwareVersion: "1.2.0" }],
    [{ bc_min: "1.9.0" }, { firmwareVersion: "1.10.0" }],
    [{ bc_version: "1.9" }, { firmwareVersion: "1.10" }],
    [{ bc_version: "1.10.0" }, { allowDowngrade: false, firmwareVersion: "1.10" }],
    [{ bc_exp: 1_790_000_000 }, { wallClockMs: () => 1_789_999_999_999 }],
    [{ bc_exp: 1_790_000_000 }, {}],
    [{ something: "newer" }, {}],
  ])("with %o is accepted by a device of %o", async (more, about) => {
    expect((await check(more, about)).kind).toBe("update");
  });
});

describe("a refusal", () => {
  test.each([
    [{ bc_model: "a" }, {}, "wrong-model"],
    [{ bc_min: "1.10.0" }, { firmwareVersion: "1.9.0" }, "version-too-low"],
    [{ bc_min: "1.0.0" }, { firmwareVersion: "nightly" }, "version-too-low"],
    [{ bc_version: "1.9" }, { allowDowngrade: false, firmwareVersion: "1.10" }, "downgrade"],
    [{ bc_version: "1.9" }, { allowDowngrade: false }, "downgrade"],
    [{}, { allowDowngrade: false, firmwareVersion: "1.10" }, "downgrade"],
    [{ bc_exp: 1_790_000_000 }, { wallClockMs: () => 1_790_000_000_000 }, "order-expired"],
    [{ bc_size: 1_001 }, {}, "bad fota data"],
    [{ bc_size: 0 }, {}, "bad fota data"],
    [{ bc_idx: 2 }, {}, "bad fota data"],
    [{ bc_url: "http://bucket.example/image" }, {}, "bad fota data"],
  ])("%o on a device of %o is %s", async (more, about, reason) => {
    expect(await check(more, about)).toMatchObject({
      kind: "refused",
      failure: { reason, phase: "starting" },
    });
  });

  test("the slot to revert to is refused like the running one", async () => {
    const onTrial = { ...record, runningSlot: 1, currentSlot: 1 };
    expect(await checkDocument(documentOf(IMAGE, 0), onTrial, {})).toMatchObject({
      failure: { detail: "slot 0 is the one to revert to" },
    });
  });
});

test.each([null, 1, "fota", [], {}, { operation: "reboot" }])(
  "%o is another kind of job",
  async (document) => {
    expect((await checkDocument(document, record, {})).kind).toBe("not-fota");
    expect(targetsIn(document)).toEqual([]);
  },
);
