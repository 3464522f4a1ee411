import type { ImageOptions } from "../image/image-argument.js";
import type { JobOptions } from "../job/job-options.js";
import type { SigningOptions } from "./signing.js";

/** Holds the options of `fota publish`, each under its name, with the command line's texts as values. */
export interface PublishRequest extends ImageOptions, JobOptions, SigningOptions {
  /** Lists thing names, `group:<name>`, ARNs, or `@file` with one of them per line. */
  to: readonly string[];
  /**
   * Lists images that devices may have, to offer patches from: files, or jobs or versions that installed them. `0=old.bin`
   * names the slot that they run a file from.
   */
  deltaFrom?: readonly string[];
  /** `auto` offers patches from the images that last succeeded on the things, as far as the newest jobs tell it. */
  delta?: string;
}
