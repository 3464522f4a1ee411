import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { getJobDocument } from "../aws/jobs.js";
import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { readInput, STDIN } from "../files/input.js";
import { checkJobText, onJob } from "../find-job/on-job.js";
import { imageArguments } from "../image/image-spec.js";
import { readImages } from "../image/read-images.js";
import { parseSignable } from "../signing/signable.js";
import { readTrustedKeys, type TrustedKeyOptions } from "../signing/trusted-keys.js";
import { formatVerification } from "./format.js";
import { verify } from "./verify.js";

/** Holds the options of `fota verify`, as commander names them. */
export interface VerifyOptions extends TrustedKeyOptions {
  image?: string[];
}

/**
 * Verifies a file, offline, or the document of a job.
 * @throws {FotaError} USAGE, CONFIG_INVALID, DOCUMENT_INVALID, JOB_NOT_FOUND, and the errors of image files
 */
export async function runVerify(context: Context, target: string, options: VerifyOptions): Promise<ExitCode> {
  const { host, output } = context;
  const trusted = await readTrustedKeys(options, host);
  const read = { cwd: host.cwd, signal: host.signal, inParts: false, onBytes: () => {} };
  const images = options.image === undefined ? [] : await readImages(imageArguments(options.image), read);
  const { source, text } = await readTarget(context, target);
  const found = await verify(source, parseSignable(text, source), { trusted, images, now: new Date() });
  output.result(found, formatVerification(found, output));
  return found.valid ? EXIT.done : EXIT.failed;
}

/** Reads a file if there is one of that name, or if only a file can have the name, else the document of a job. */
async function readTarget(context: Context, target: string): Promise<{ source: string; text: string }> {
  const { host, output } = context;
  const path = resolve(host.cwd, target);
  const isFile = await stat(path).then(
    () => true,
    () => false,
  );
  const looksLikeFile = /[/\\]|\.json$/i.test(target);
  if (target === STDIN || isFile || looksLikeFile) {
    return { source: target, text: await readInput(host, target, "FILE_ACCESS") };
  }
  checkJobText(target);
  return await withIot(context, (iot) =>
    onJob(context, iot, target, async (jobId) => ({
      source: `job ${jobId}`,
      text: await output.during(`reading the document of ${jobId}`, () => getJobDocument(iot, jobId)),
    })),
  );
}
