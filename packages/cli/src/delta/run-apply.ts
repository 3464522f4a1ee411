import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { type DeltaHeader, FotaError } from "@fota/shared";
import type { Context } from "../context.js";
import type { ImageFile } from "../image/image-file.js";
import { applyDelta, readDeltaHeader } from "../patches/apply-delta.js";
import { byteCounter } from "../terminal/byte-counter.js";
import { createNewFile, onPatch, readDeltaImage } from "./files.js";
import { formatAppliedDelta } from "./format.js";

/** Holds the options of `fota delta apply`, as commander names them. */
export interface ApplyOptions {
  from?: string;
  out: string;
}

/**
 * Makes the image of a patch. Creates the file only if its digest is right.
 * @throws {FotaError} DELTA_INVALID, USAGE without --from, FILE_ACCESS, INTERRUPTED, and the errors of image files
 */
export async function runApply(context: Context, patch: string, { from, out }: ApplyOptions): Promise<void> {
  const { host, output } = context;
  const path = resolve(host.cwd, patch);
  const header = await onPatch(patch, readDeltaHeader(path));
  const old = from === undefined ? undefined : await readDeltaImage(context, from);
  requireOld(header, old);
  const { image } = header;
  const what = "making the image";
  await output.during(what, (progress) =>
    createNewFile(resolve(host.cwd, out), out, async (made) => {
      const onBytes = byteCounter(progress, what, image.sizeBytes);
      const file = await open(made, "w");
      try {
        async function store(bytes: Uint8Array): Promise<void> {
          await file.appendFile(bytes);
          onBytes(bytes.length);
        }
        await onPatch(patch, applyDelta({ path, header, old, signal: host.signal, store }));
        await file.sync();
      } finally {
        await file.close();
      }
    }),
  );
  output.result({ file: out, image }, formatAppliedDelta({ file: out, image }, output));
}

function requireOld({ from }: DeltaHeader, old: ImageFile | undefined): void {
  if (from === undefined) return;
  if (old === undefined) {
    throw new FotaError(
      "USAGE",
      `the patch needs an image of ${from.sizeBytes} bytes, sha256 ${from.sha256}`,
      {
        hint: "give that image to --from",
      },
    );
  }
  if (old.sha256 === from.sha256) return;
  throw new FotaError(
    "DELTA_INVALID",
    `the patch is for an image with sha256 ${from.sha256}, ${old.name} has ${old.sha256}`,
    {
      hint: "give the image that the patch was made for to --from",
    },
  );
}
