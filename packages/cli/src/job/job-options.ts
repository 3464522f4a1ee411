import type { RolloutTexts } from "./rollout.js";
import type { ScheduleTexts } from "./schedule.js";

/** Holds the options of a job and its rollout, each under its name, with the command line's texts as values. */
export interface JobOptions extends RolloutTexts, ScheduleTexts {
  continuous?: boolean;
  makeGroup?: string;
  presign?: string;
  role?: string;
  expires?: string;
  jobId?: string;
  fwVersion?: string;
  model?: string;
  minVersion?: string;
  description?: string;
  /** `key=value`. */
  tag?: readonly string[];
  /** Names a preset in `fota.config.json`; other options override it. */
  rollout?: string;
  legacy?: boolean;
  /** Names the software package of AWS IoT that the firmware is a version of. */
  package?: string;
  /** @deprecated The former name of `thingTimeout`. */
  timeout?: string;
}
