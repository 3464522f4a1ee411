import { schemaFaults } from "@fota/shared";
import * as v from "valibot";
import { described } from "../described.js";

// A message follows the key, as in "size must be a whole number from 1 to 2000000".
const OBJECT = "must be an object";
const ABOVE_0 = "must be a number above 0";
const FROM_0 = "must be a number from 0 up";
const SHARE = "must be a number from 0 to 1";
const SIZE = "must be a whole number from 1 to 2000000";
const HOURS = "must be a list of 24 numbers from 0 to 1";
const GROUPS = "must be a list of at least one group";
const NAME = "must be a string of 1 to 128 characters";

const positive = v.pipe(v.number(ABOVE_0), v.finite(ABOVE_0), v.gtValue(0, ABOVE_0));
const seconds = v.pipe(v.number(FROM_0), v.finite(FROM_0), v.minValue(0, FROM_0));
const share = v.pipe(v.number(SHARE), v.minValue(0, SHARE), v.maxValue(1, SHARE));

function may<const Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.exactOptional(described(schema, description));
}

const linkSpeedSchema = v.strictObject(
  {
    medianBytesPerSecond: described(positive, "half of the devices download more slowly"),
    slowBytesPerSecond: may(positive, "one device in ten downloads more slowly (default: the median)"),
  },
  OBJECT,
);

/** Describes devices with the same chances. */
export const deviceGroupSchema = v.strictObject(
  {
    name: described(v.pipe(v.string(NAME), v.minLength(1, NAME), v.maxLength(128, NAME)), "such as a model"),
    weight: described(positive, "part of the fleet, compared with the other groups"),
    linkSpeed: linkSpeedSchema,
    onlineByHour: may(
      v.pipe(v.array(share, HOURS), v.length(24, HOURS)),
      "share of the devices that are online in each hour of the day in UTC (default: always online)",
    ),
    neverOnlineShare: may(share, "share of the devices that never come online (default: 0)"),
    reactionSeconds: may(seconds, "mean seconds from the notification to IN_PROGRESS (default: 0.5)"),
    trialSeconds: may(seconds, "seconds from the end of the download to the report (default: 60)"),
    slowTrialSeconds: may(seconds, "one device in ten takes longer for that (default: trialSeconds)"),
    rejectionShare: may(share, "share of the devices that refuse the update: REJECTED (default: 0)"),
    downloadFailureShare: may(share, "share of the downloads that fail: FAILED (default: 0)"),
    trialFailureShare: may(
      share,
      "share of the devices whose trial fails, in each attempt: FAILED (default: 0)",
    ),
    hangShare: may(share, "share of the devices that hang in the trial and never report again (default: 0)"),
    reportLossShare: may(share, "share of the successful attempts whose report is lost (default: 0)"),
  },
  OBJECT,
);

/** Defines the file of `--fleet` in one place: its check, its type and the JSON Schema that editors read. */
export const fleetSchema = v.strictObject(
  {
    $schema: may(v.string("must be a string"), "address of this schema, for editors"),
    size: may(
      v.pipe(v.number(SIZE), v.safeInteger(SIZE), v.minValue(1, SIZE), v.maxValue(2_000_000, SIZE)),
      "number of devices (default: the things of --to)",
    ),
    groups: described(v.pipe(v.array(deviceGroupSchema, GROUPS), v.minLength(1, GROUPS)), "the devices"),
  },
  OBJECT,
);
export type FleetFile = v.InferOutput<typeof fleetSchema>;

/** Returns the faults of a fleet file, as in `groups[0].weight must be a number above 0, got "x"`. */
export function fleetFaults(value: unknown): string[] {
  return schemaFaults(fleetSchema, value);
}
