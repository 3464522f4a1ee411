import type { RolloutTexts } from "../job/rollout.js";
import type { ScheduleTexts } from "../job/schedule.js";

/** What `fota publish` is asked for: each option of the command line by its name, with the same words as values. */
export interface PublishRequest extends RolloutTexts, ScheduleTexts {
  /** Files: raw binaries, or JSON of `ztc -J link`; `1=app.bin` says the slot. Several are one slot-proof order. */
  images: readonly string[];
  /** Slot that a raw image is linked for; of several, the one that the legacy keys carry. */
  slot?: number | string;
  /** Thing names, `group:<name>`, ARNs, `@file` with one of them a line. */
  to: readonly string[];
  continuous?: boolean;
  makeGroup?: string;
  bucket?: string;
  prefix?: string;
  presign?: string;
  role?: string;
  expires?: string;
  jobId?: string;
  fwVersion?: string;
  model?: string;
  minVersion?: string;
  description?: string;
  /** `key=value` */
  tag?: readonly string[];
  /** Name of a preset in `fota.config.json`; other options come before it. */
  rollout?: string;
  legacy?: boolean;
}
