import * as v from "valibot";
import { OBJECT, path, seconds, withDefault } from "../fields/field.js";

export const hooksSchema = v.strictObject(
  {
    dir: withDefault(path, "/etc/fota/hooks.d", "folder with the executables that are asked about updates"),
    timeLimitSeconds: withDefault(seconds, 60, "a hook that runs for longer is killed"),
    selfTestTimeLimitSeconds: withDefault(
      seconds,
      300,
      "time for the hook `self-test` to pass, with all its deferrals",
    ),
  },
  OBJECT,
);

export type HooksConfig = v.InferOutput<typeof hooksSchema>;
