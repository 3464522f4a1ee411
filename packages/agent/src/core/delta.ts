import { type Inflate, messageOf } from "@fota/shared";
import type { Delta } from "./delta-port.js";
import { downloadImage, downloadObject } from "./download.js";
import { DownloadBudget } from "./download-budget.js";
import type { DownloadDevice, DownloadRequest, DownloadResult, FreshUrl } from "./download-request.js";
import { OldImage } from "./old-image.js";
import { type FittingPatch, PatchedImage } from "./patched-image.js";
import type { Journal, PatchFault, UpdateTarget } from "./update-state.js";

export interface DeltaOptions {
  /**
   * Largest frame of a patch in bytes: a download as a patch takes about 2.5 times that in memory. A patch with larger
   * frames is not used.
   * @default 1_048_576
   */
  frameBytesMax?: number;
}

/** A patch may have at most this part of the image, so that it and the whole image after it cost 1.5 images at most. */
const PATCH_SHARE_MAX = 0.5;
/** How often a patch may erase the slot for one job execution. The whole image needs what is left. */
const PATCH_ERASES_MAX = 2;

/** How a patch ended that did not work. */
interface PatchFailed {
  kind: "patch-failed";
  cause: PatchFault;
  detail: string;
}

/** Downloads images as patches, and whole where no patch fits or a patch does not work. */
export class PatchDownloads implements Delta {
  readonly #inflate: Inflate;
  readonly #options: DeltaOptions;

  constructor(inflate: Inflate, options: DeltaOptions) {
    this.#inflate = inflate;
    this.#options = options;
  }

  async download(device: DownloadDevice, request: DownloadRequest): Promise<DownloadResult> {
    const { journal, target } = request;
    const { patch } = journal;
    if (patch === undefined && !target.deltas?.length) return await downloadImage(device, request);
    // A download of the whole image that has begun is continued.
    if (patch === undefined && journal.offsetBytes > 0) return await downloadWhole(device, request);
    if (patch !== undefined && "cause" in patch) return await downloadWhole(device, request, patch.cause);
    const fitting = await findPatch(device, target, patch?.sha256);
    if (fitting === undefined && patch === undefined) return await downloadWhole(device, request);
    const run = fitting && new PatchRun(device, request, fitting);
    const result = (await run?.run(this.#inflate, this.#options)) ?? GONE;
    if (result.kind !== "patch-failed") return result;
    const { cause, detail } = result;
    device.log("warn", `downloading the whole image, because the patch did not work: ${detail}`);
    const { erases, fetchedBytes } = run?.spent ?? journal;
    const failed: Journal = {
      offsetBytes: 0,
      ...(erases !== undefined && { erases }),
      ...(fetchedBytes !== undefined && { fetchedBytes }),
      patch: { cause },
    };
    await request.saveJournal(failed);
    const url = run?.freshUrl ?? target.url;
    return await downloadWhole(device, { ...request, journal: failed, target: { ...target, url } }, cause);
  }
}

const GONE: PatchFailed = {
  kind: "patch-failed",
  cause: "image-gone",
  detail: "the job document does not have it any more",
};

/** Downloads the whole image; `cause` tells why a patch did not work. */
async function downloadWhole(
  device: DownloadDevice,
  request: DownloadRequest,
  cause?: PatchFault,
): Promise<DownloadResult> {
  const { target, journal, tuning } = request;
  const budget = new DownloadBudget(tuning, target.sizeBytes, journal);
  const saveJournal = (advanced: Journal) =>
    request.saveJournal(cause === undefined ? advanced : { ...advanced, patch: { cause } });
  const result = await downloadImage(device, { ...request, saveJournal }, budget);
  const download = {
    via: cause === undefined ? ("whole" as const) : (`whole:${cause}` as const),
    fetchedBytes: budget.spent.fetchedBytes,
  };
  if (result.kind === "downloaded") return { ...result, download };
  return result.kind === "failed" ? { ...result, failure: { ...result.failure, ...download } } : result;
}

/** One download as a patch. */
class PatchRun {
  readonly #device: DownloadDevice;
  readonly #request: DownloadRequest;
  readonly #patch: FittingPatch;
  readonly #budget: DownloadBudget;
  /** The last URL of the whole image that came with a fresh URL of the patch. */
  freshUrl: string | undefined;
  #isGone = false;

  constructor(device: DownloadDevice, request: DownloadRequest, patch: FittingPatch) {
    const { journal, target, tuning } = request;
    const { bytes } = patch.delta;
    this.#device = device;
    this.#patch = patch;
    const limits = {
      ...tuning,
      erases: Math.min(PATCH_ERASES_MAX, tuning.erases - 1),
      fetchedTimes: (PATCH_SHARE_MAX * target.sizeBytes) / bytes,
      freshUrls: 1,
    };
    this.#request = { ...request, tuning: limits };
    const resumed =
      journal.patch !== undefined && "patchBytes" in journal.patch ? journal.patch.patchBytes : 0;
    this.#budget = new DownloadBudget(limits, bytes, { fetchedBytes: 0, ...journal, offsetBytes: resumed });
  }

  get spent(): Pick<Journal, "erases" | "fetchedBytes"> {
    return this.#budget.spent;
  }

  async run(
    inflate: Inflate,
    { frameBytesMax }: DeltaOptions,
  ): Promise<Exclude<DownloadResult, { kind: "failed" }> | PatchFailed> {
    const { delta, old } = this.#patch;
    const { freshUrl, refreshBetweenAttempts } = this.#request;
    const request: DownloadRequest = {
      ...this.#request,
      freshUrl: async () => this.#sameDelta(await freshUrl()),
      refreshBetweenAttempts:
        refreshBetweenAttempts && (async () => this.#sameDelta(await refreshBetweenAttempts())),
    };
    let sink: PatchedImage;
    try {
      // Throws for a saved position with frames above the limit.
      sink = new PatchedImage(this.#device, request, this.#budget, this.#patch, { inflate, frameBytesMax });
    } catch (error) {
      return { kind: "patch-failed", cause: "patch-invalid", detail: messageOf(error) };
    }
    const object = { url: delta.url, sizeBytes: delta.bytes, budget: this.#budget, sink };
    const result = await downloadObject(this.#device, request, object);
    if (old !== undefined) await this.#device.slots.close(old.slot).catch(() => undefined);
    if (result.kind === "failed") {
      const { reason, detail = "" } = result.failure;
      return this.#isGone ? GONE : { kind: "patch-failed", cause: sink.fault ?? reason, detail };
    }
    if (result.kind !== "downloaded") return result;
    const { fetchedBytes } = this.#budget.spent;
    if (fetchedBytes === 0) return result; // the slot held the image already
    return { ...result, download: { via: old === undefined ? "compressed" : "patch", fetchedBytes } };
  }

  /** Returns the fresh URL of the same patch. Throws if the fresh document does not have it. */
  #sameDelta(fresh: FreshUrl): FreshUrl {
    if (fresh.kind !== "url") return fresh;
    this.freshUrl = fresh.url;
    const { delta } = this.#patch;
    const same = fresh.deltas?.find(
      ({ sha256, from_sha256 }) => sha256 === delta.sha256 && from_sha256 === delta.from_sha256,
    );
    this.#isGone = same === undefined;
    if (same === undefined) throw new Error(GONE.detail);
    return { kind: "url", url: same.url };
  }
}

/**
 * Returns a patch from the running image or from the confirmed one, else the compressed image, else `undefined`. With
 * `begunSha256`, only the patch with that digest. Never rejects.
 */
async function findPatch(
  { slots, log }: DownloadDevice,
  { deltas = [], sha256, sizeBytes, slot }: UpdateTarget,
  begunSha256: string | undefined,
): Promise<FittingPatch | undefined> {
  const small = deltas.filter(
    (delta) =>
      sha256 !== undefined &&
      delta.bytes <= PATCH_SHARE_MAX * sizeBytes &&
      (begunSha256 ?? delta.sha256) === delta.sha256,
  );
  try {
    const old = slots.read && (await findOld());
    if (old) return old;
  } catch (error) {
    log("warn", `no slot could be compared with the patches: ${messageOf(error)}`);
  }
  const compressed = small.find(({ from_sha256 }) => from_sha256 === undefined);
  return compressed && { delta: compressed, old: undefined };

  async function findOld(): Promise<FittingPatch | undefined> {
    const { runningSlot, workingSlot, slotSizeBytes } = await slots.record();
    for (const candidate of new Set([runningSlot, workingSlot])) {
      if (candidate === slot) continue;
      let knownBytes = 0;
      let known: string | undefined;
      for (const delta of small) {
        const { from_sha256, from_size = 0 } = delta;
        if (from_sha256 === undefined || from_size > slotSizeBytes) continue;
        if (from_size !== knownBytes) {
          known = await slots.sha256?.(candidate, from_size);
          known ??= (await slots.digest(candidate, from_size)).sha256;
        }
        knownBytes = from_size;
        if (known === from_sha256) return { delta, old: new OldImage(slots, candidate, from_size) };
      }
    }
    return undefined;
  }
}
