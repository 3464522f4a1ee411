import type { ImageOptions } from "../image/image-argument.js";
import type { JobOptions } from "../job/job-options.js";

/** What `fota publish` is asked for: each option of the command line by its name, with the same words as values. */
export interface PublishRequest extends ImageOptions, JobOptions {
  /** Thing names, `group:<name>`, ARNs, `@file` with one of them a line. */
  to: readonly string[];
}
