import * as v from "valibot";
import { described } from "../fields/field.js";

/** Describes the output of `fota-agent confirm --json`, and of `revert` and `install`. */
export const outcomeSchema = v.strictObject({
  message: described(v.string(), "what was done"),
  slot: described(v.number(), "slot that was confirmed, boots again, or was written"),
  restart: described(v.boolean(), "the device restarts now"),
});

/** What a command changed. */
export type Outcome = v.InferOutput<typeof outcomeSchema>;
