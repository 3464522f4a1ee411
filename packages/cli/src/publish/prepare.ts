import type { Context } from "../context.js";
import type { ImageFile } from "../image/image-file.js";
import { readImages } from "../image/read-images.js";
import { expandTargetFiles } from "../job/targets.js";
import { uploadsInParts } from "../settings/settings.js";
import { byteCounter } from "../terminal/byte-counter.js";
import { type OldImages, readOldImages } from "./old-images.js";
import type { PublishRequest } from "./request.js";
import { withSignedValues } from "./signed-document.js";
import { readSignedDocument, type Signing, signingOf } from "./signing.js";
import { type PublishSpecs, specsOf } from "./specs.js";

/** Holds a request whose files were read and whose keys were opened: what `planPublish` takes. */
export interface PreparedPublish {
  specs: PublishSpecs;
  files: ImageFile[];
  signing: Signing | undefined;
  /** The images to make patches from. */
  olds: OldImages;
}

/** Reads the files of a publish, without any request. @throws {FotaError} the codes of wrong usage, and those of files */
export async function preparePublish(
  context: Context,
  asked: PublishRequest,
  now: Date,
): Promise<PreparedPublish> {
  const { host, output, settings } = context;
  const { cwd, env, signal } = host;
  const to = await expandTargetFiles(asked.to, cwd);
  const signed = await readSignedDocument(context, asked.document, now);
  const request = withSignedValues({ ...asked, to }, signed, settings.file);
  const specs = specsOf(request, { file: settings.file, env, now });
  const signing = await signingOf(context, request, { spec: specs.spec, signed, now });
  const files = await output.during("reading the image", (progress) =>
    readImages(specs.imageSpec.images, {
      cwd,
      signal,
      inParts: uploadsInParts(settings),
      onBytes: byteCounter(progress, "reading the image"),
    }),
  );
  const olds = await output.during("reading the old images", (progress) =>
    readOldImages(request, { cwd, signal, onBytes: byteCounter(progress, "reading the old images") }),
  );
  return { specs, files, signing, olds };
}
