import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { readImages } from "../image/read-images.js";
import { expandTargetFiles } from "../job/targets.js";
import { uploadsInParts } from "../settings/settings.js";
import { counter } from "./counter.js";
import { planPublish } from "./plan.js";
import type { PublishRequest } from "./request.js";
import { runPlan } from "./run-plan.js";
import { type RunningOptions, runningOptions } from "./running-options.js";
import { withSignedValues } from "./signed-document.js";
import { readSignedDocument, signingOf } from "./signing.js";
import { specsOf } from "./specs.js";

/** Holds the options of `fota publish`, as commander names them. */
export interface PublishOptions extends Omit<PublishRequest, "images" | "to" | "timeout">, RunningOptions {
  to?: string[];
}

/** Reads the files, plans and publishes. @throws {FotaError} what reading, planning and publishing throw */
export async function runPublish(
  context: Context,
  images: string[],
  options: PublishOptions,
): Promise<ExitCode> {
  const { host, output, settings } = context;
  const { signal } = host;
  const { running, job } = runningOptions(options);
  const now = new Date();
  const to = await expandTargetFiles(options.to ?? [], host.cwd);
  const signed = await readSignedDocument(context, options.document, now);
  const request = withSignedValues({ ...job, images, to }, signed, settings.file);
  const specs = specsOf(request, { file: settings.file, env: host.env, now });
  const signing = await signingOf(context, request, { spec: specs.spec, signed, now });
  const files = await output.during("reading the image", (progress) =>
    readImages(specs.imageSpec.images, {
      cwd: host.cwd,
      signal,
      inParts: uploadsInParts(settings),
      onBytes: counter(progress, "reading the image"),
    }),
  );

  return await withCloud(context, async (cloud) => {
    const plan = await output.during("checking targets, bucket and job", () =>
      planPublish(specs, files, cloud, now, signing),
    );
    return await runPlan(context, plan, cloud, running);
  });
}
