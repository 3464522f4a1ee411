import { createHash } from "node:crypto";
import type { DownloadRequest } from "../src/core/download-request.js";
import { DOWNLOAD_TUNING } from "../src/core/download-tuning.js";
import { Interruption } from "../src/core/interruption.js";
import type { Journal } from "../src/core/update-state.js";
import { createDelta } from "../src/delta.js";
import { FakeFlash, FakeServer, ManualClock, Power } from "../src/testing/index.js";
import { entryOf, sha256Of } from "./patches.js";

export const PATCH_URL = "https://bucket.example/patch";

/** A device that runs `old` and can download `image` to slot 1 as `patch`, without a job around it. */
export async function patchDownload({ old, image, patch }: Record<"old" | "image" | "patch", Uint8Array>) {
  const flash = new FakeFlash(old, { slotSizeBytes: Math.max(old.length, image.length) });
  flash.boot();
  const power = new Power();
  const server = new FakeServer(image);
  server.others.set(PATCH_URL, patch);
  const clock = new ManualClock();
  const random = { next: () => 0.5, token: () => "token" };
  const slots = flash.slots(power);
  const device = { slots, http: server.http(power), clock, random, log: () => {} };
  let saved: Journal = { offsetBytes: 0 };
  const request = {
    target: {
      slot: 1,
      sizeBytes: image.length,
      md5: createHash("md5").update(image).digest("hex"),
      sha256: sha256Of(image),
      url: "https://bucket.example/image",
      deltas: [entryOf(old, patch, PATCH_URL)],
    },
    tuning: { ...DOWNLOAD_TUNING, bufferBytes: 2_000, journalBytes: 2_000, journalIntervalMs: 0 },
    urlRules: {},
    holdsOther: false,
    saveJournal: async (journal: Journal) => {
      saved = journal;
    },
    freshUrl: async () => ({ kind: "unanswered" }) as const,
    onProgress: () => {},
  } satisfies Partial<DownloadRequest>;
  return {
    flash,
    server,
    power,
    slots,
    journal: () => saved,
    setJournal: (journal: Journal) => {
      saved = journal;
    },
    /** Starts or continues the download. */
    start: (interruption = new Interruption()) =>
      clock.run(createDelta().download(device, { ...request, journal: saved, interruption })),
  };
}
