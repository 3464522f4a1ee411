import { FotaError, type JobDocument, messageOf, parseJobDocument, type UpdateReport } from "@fota/shared";
import type { Http } from "../../core/ports.js";
import { Fota } from "../../fota.js";
import { UpdateEngine } from "../../update-engine.js";
import { updateWithoutJob } from "../../update-without-job.js";
import { type Bench, idleSlots, readSituation } from "./bench.js";
import type { ImageDigest } from "./image-file.js";
import type { Outcome } from "./outcome.js";

/** What to install by hand. */
export interface InstallRequest extends ImageDigest {
  /** The job document that describes the image, with its signatures. Without one, the image is taken as it is. */
  document?: unknown;
  /** Version of the firmware, for an image without a document. */
  version?: string | undefined;
}

/** In place of the URL of the document, which no signature covers: the image comes from a file. */
const FILE_URL = "http://localhost/image";

/**
 * Writes an image into a slot that does not run, verifies it there and schedules its trial, with the checks that a job
 * gets: model, version, slot, digests and, on a device with trusted keys, signatures.
 * @throws {FotaError} DEVICE_BUSY if an update is in progress or on trial; DOCUMENT_INVALID; IMAGE_NOT_VERIFIED with the
 * reason; errors of the slots
 */
export async function installImage(
  bench: Bench,
  request: InstallRequest,
  image: AsyncIterable<Uint8Array>,
  onProgress: (report: UpdateReport) => void,
): Promise<Outcome> {
  const { boot, state, record } = await readSituation(bench);
  if (state.phase !== "idle") {
    throw new FotaError(
      "DEVICE_BUSY",
      `the update of job ${state.execution.jobId} is in progress (${state.phase})`,
      {
        hint: "wait until it ends, or cancel the job",
      },
    );
  }
  if (boot !== "settled") {
    throw new FotaError("DEVICE_BUSY", `slot ${record.currentSlot} is on trial or boots next`, {
      hint: "run `fota-agent confirm` or `fota-agent revert` first",
    });
  }
  const document = documentOf(request, idleSlots(record)[0] ?? 0);
  const device = { ...bench.device, http: httpOf(request.sizeBytes, image) };
  const options = {
    allowDowngrade: bench.config.allowDowngrade,
    allowLoopbackHttp: true,
    download: { attempts: 1, freshUrls: 0 },
    onProgress,
  };
  const fault = await updateWithoutJob(new UpdateEngine(device, options), document);
  if (fault !== undefined) {
    throw new FotaError("IMAGE_NOT_VERIFIED", `the image was not installed: ${fault}`, {
      hint: "check the image and its document; the device runs what it ran before",
    });
  }
  const slot = await slotWith(bench, document, request);
  const { md5, sha256, sizeBytes } = request;
  const version = document.bc_version;
  await bench.history.noteInstall({
    slot,
    md5,
    sha256,
    sizeBytes,
    ...(version !== undefined && { version }),
  });
  try {
    await new Fota(device, options).test(document);
  } catch (error) {
    await bench.history.noteInstallResult({ status: "FAILED", detail: messageOf(error) });
    throw error;
  }
  await bench.history.noteScheduled().catch((error: unknown) => {
    device.log("warn", `the result will not tell why the trial ended: ${messageOf(error)}`);
  });
  return {
    message: `slot ${slot} holds the image and boots next, on trial; restarting`,
    slot,
    restart: true,
  };
}

/** Returns the document to check the image with. @throws {FotaError} DOCUMENT_INVALID */
function documentOf(request: InstallRequest, slot: number): JobDocument {
  const { document, sizeBytes, md5, sha256, version } = request;
  if (document === undefined) {
    return parseJobDocument({
      operation: "fota",
      bc_idx: slot,
      bc_crc: md5,
      bc_size: sizeBytes,
      bc_url: FILE_URL,
      bc_sha256: sha256,
      ...(version !== undefined && { bc_version: version }),
    });
  }
  const parsed = parseJobDocument(document);
  const { bc_alt: others } = parsed;
  const matches = [parsed, ...(others ?? [])].some(
    ({ bc_crc, bc_size }) => bc_crc === md5 && bc_size === sizeBytes,
  );
  if (!matches) {
    throw new FotaError(
      "DOCUMENT_INVALID",
      `the document is for another image: the MD5 of this one is ${md5}`,
      {
        hint: "give the document that was made for this image",
      },
    );
  }
  return {
    ...parsed,
    bc_url: FILE_URL,
    ...(others !== undefined && { bc_alt: others.map((other) => ({ ...other, bc_url: FILE_URL })) }),
  };
}

/** Returns the slot that the update was written to. */
async function slotWith(
  bench: Bench,
  document: JobDocument,
  { md5, sizeBytes }: ImageDigest,
): Promise<number> {
  const { slots } = bench.opened;
  const { runningSlot } = await slots.record();
  for (const { bc_idx: slot } of [document, ...(document.bc_alt ?? [])]) {
    if (slot !== runningSlot && (await slots.digest(slot, sizeBytes)).md5 === md5) return slot;
  }
  throw new FotaError("IMAGE_NOT_VERIFIED", "no slot of the document holds the image");
}

/** Returns a port that answers the first request with the image. There is no second one to answer. */
function httpOf(sizeBytes: number, image: AsyncIterable<Uint8Array>): Http {
  return {
    get: async () => ({ status: 200, headers: { "content-length": String(sizeBytes) }, body: image }),
  };
}
