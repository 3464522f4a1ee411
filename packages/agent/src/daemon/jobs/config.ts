import * as v from "valibot";
import { OBJECT, path, seconds, withDefault } from "../fields/field.js";

export const jobsSchema = v.strictObject(
  {
    dir: withDefault(
      path,
      "/etc/fota/jobs.d",
      "folder with an executable for each operation of other jobs: one without is left to other programs",
    ),
    timeLimitSeconds: withDefault(
      seconds,
      600,
      "a handler that runs for longer is killed, and its job fails",
    ),
  },
  OBJECT,
);

export type JobsConfig = v.InferOutput<typeof jobsSchema>;
