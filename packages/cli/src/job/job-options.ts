import type { RolloutTexts } from "./rollout.js";
import type { ScheduleTexts } from "./schedule.js";

/** The options that say how a job goes, each by its name, with the words of the command line as values. */
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
  /** `key=value` */
  tag?: readonly string[];
  /** Name of a preset in `fota.config.json`; other options come before it. */
  rollout?: string;
  legacy?: boolean;
  /** @deprecated The former name of `thingTimeout`. */
  timeout?: string;
}
