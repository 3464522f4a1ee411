import { resolve } from "node:path";
import type { Context } from "../context.js";
import { makeDelta } from "../patches/make-delta.js";
import { byteCounter } from "../terminal/byte-counter.js";
import { createNewFile, readDeltaImage } from "./files.js";
import { formatMadeDelta } from "./format.js";
import type { MadeDeltaFile } from "./result.js";

/** Holds the options of `fota delta make`, as commander names them. */
export interface MakeOptions {
  from?: string;
  out: string;
}

/**
 * Makes a patch file and applies it to see that it makes the image.
 * @throws {FotaError} the errors of image files; FILE_ACCESS, INTERRUPTED
 */
export async function runMake(context: Context, image: string, { from, out }: MakeOptions): Promise<void> {
  const { host, output } = context;
  const old = from === undefined ? undefined : await readDeltaImage(context, from);
  const file = await readDeltaImage(context, image);
  const what = old === undefined ? "compressing the image" : "making the patch";
  const made = await output.during(what, (progress) =>
    createNewFile(resolve(host.cwd, out), out, (path) =>
      makeDelta({
        old,
        image: file,
        path,
        signal: host.signal,
        onBytes: byteCounter(progress, what, file.sizeBytes),
      }),
    ),
  );
  const { sizeBytes, sha256 } = file;
  const result: MadeDeltaFile = {
    file: out,
    bytes: made.patchBytes,
    sha256: made.sha256,
    percent: (made.patchBytes / sizeBytes) * 100,
    frameBytes: made.frameBytes,
    image: { sizeBytes, sha256 },
    ...(old && { from: { sizeBytes: old.sizeBytes, sha256: old.sha256 } }),
  };
  output.result(result, formatMadeDelta(result, output));
}
