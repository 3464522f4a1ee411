import { resolve } from "node:path";
import type { Context } from "../context.js";
import { inspectDelta } from "../patches/inspect-delta.js";
import { onPatch } from "./files.js";
import { formatDeltaInfo } from "./format.js";
import type { DeltaInfo } from "./result.js";

/** Shows what a patch is for and what it consists of. @throws {FotaError} DELTA_INVALID, FILE_ACCESS */
export async function runInfo({ host, output }: Context, patch: string): Promise<void> {
  const { header, bytes, sha256, frames } = await onPatch(patch, inspectDelta(resolve(host.cwd, patch)));
  const { image, from, frameBytes } = header;
  const percent = (bytes / image.sizeBytes) * 100;
  const info: DeltaInfo = {
    file: patch,
    bytes,
    sha256,
    percent,
    frameBytes,
    image,
    ...(from && { from }),
    frames,
  };
  output.result(info, formatDeltaInfo(info, output));
}
