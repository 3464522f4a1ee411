import * as v from "valibot";
import { LOWEST_RATE_LIMIT } from "../../node/rate-limit.js";
import { flag, may, OBJECT, seconds, texts, whole, withDefault } from "../fields/field.js";
import { isTimeZone, parseHours } from "./hours.js";

const HOURS = 'must be a list of times such as ["22:00-05:00"]';

export const maintenanceSchema = v.strictObject(
  {
    hours: may(
      v.pipe(
        texts(HOURS),
        v.check((list) => list.every((item) => parseHours(item) !== undefined), HOURS),
      ),
      'times of day at which updates download and restart, such as ["22:00-05:00"] (default: always)',
    ),
    timeZone: withDefault(
      v.pipe(
        v.string("must be a time zone"),
        v.check(isTimeZone, "must be a time zone such as Europe/Berlin"),
      ),
      "UTC",
      "time zone of the hours, by its IANA name",
    ),
    minBatteryPercent: may(whole(1, 100), "lowest charge of each battery at which updates go on"),
    deferOnMetered: withDefault(flag, false, "waits with the download while the connection is metered"),
    meteredCommand: may(
      texts("must be a list of a command and its arguments"),
      "command that tells by exit code 0 that the connection is metered, by 1 that it is not (default: nmcli)",
    ),
    maxBytesPerSecond: may(
      whole(LOWEST_RATE_LIMIT),
      `highest rate of the download, in bytes per second, from ${LOWEST_RATE_LIMIT} up (default: no limit)`,
    ),
    startJitterSeconds: withDefault(
      seconds,
      0,
      "longest random delay before a new job is looked at, so that a fleet does not start all at once",
    ),
  },
  OBJECT,
);

export type MaintenanceConfig = v.InferOutput<typeof maintenanceSchema>;
