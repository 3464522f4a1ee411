import * as v from "valibot";
import { described } from "../described.js";

/** Describes the line of `fota dashboard --json`. */
export const dashboardSchema = v.strictObject({
  url: described(v.string(), "address with its token, which opens it; the dashboard is ready"),
});
export type DashboardInfo = v.InferOutput<typeof dashboardSchema>;
