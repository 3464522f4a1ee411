import * as v from "valibot";
import { described } from "../described.js";

// A message follows the key, as in "slot must be a number".
const OBJECT = "must be an object";
const FROM_0 = "must be a number from 0 up";
const text = v.string("must be a string");
// A list has one message, for itself and for its items.
const TEXTS = "must be a list of strings";
const texts = v.array(v.string(TEXTS), TEXTS);
const SLOTS = "must be a list of 2 to 9 different slot numbers";
const slots = v.pipe(
  v.array(v.pipe(v.number(SLOTS), v.safeInteger(SLOTS), v.minValue(0, SLOTS)), SLOTS),
  v.minLength(2, SLOTS),
  v.maxLength(9, SLOTS), // the job document has room for one image and 8 alternatives
  v.check((numbers) => new Set(numbers).size === numbers.length, SLOTS),
);
const count = v.pipe(
  v.number("must be a number"),
  v.safeInteger("must be a whole number"),
  v.minValue(0, FROM_0),
);
const SEQUENCE = 'must be a number from 1 up, or "version"';
const sequence = v.union(
  [v.pipe(v.number(), v.safeInteger(), v.minValue(1)), v.literal("version")],
  SEQUENCE,
);
const price = v.pipe(v.number(FROM_0), v.minValue(0, FROM_0));

function may<const Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.exactOptional(described(schema, description));
}

const rolloutSchema = v.strictObject(
  {
    rate: may(text, "things per minute: 50/min"),
    ramp: may(text, "start slowly and speed up: 10/min x2 after 50 succeeded"),
    abortOn: may(texts, "cancel the job after too many failures: failed>10% after 20"),
    thingTimeout: may(text, "longest time that one thing may be in progress: 30m"),
    timeout: may(text, "former name of thingTimeout"),
    retry: may(text, "retries on the same thing: failed:2,timed-out:1"),
    start: may(text, "start time: 2026-12-01 02:00 (UTC) or +2h"),
    end: may(text, "end time, in the same form"),
    atEnd: may(text, "what `end` does to unfinished things: stop, cancel or force-cancel"),
    window: may(texts, "maintenance windows in UTC: 0 2 * * * 120m"),
  },
  OBJECT,
);

const pricesSchema = v.strictObject(
  {
    currency: may(text, "currency of the prices, such as USD"),
    perJobAction: may(price, "price of one job execution"),
    perGibTransferred: may(price, "price of each GiB that things download"),
  },
  OBJECT,
);

/** Defines `fota.config.json` in one place: its check, its type and the JSON Schema that editors read. */
export const configSchema = v.strictObject({
  $schema: may(text, "address of this schema, for editors"),
  profile: may(text, "AWS profile, like --profile"),
  region: may(text, "AWS region, like --region"),
  endpointUrl: may(text, "URL of all AWS services, like --endpoint-url"),
  local: may(v.boolean("must be a boolean"), "use the running `fota local`, like --local"),
  bucket: may(text, "S3 bucket for the images, like --bucket"),
  prefix: may(text, "prefix of the object keys, like --prefix (default: fota)"),
  presign: may(
    v.picklist(["cli", "iot"], "must be cli or iot"),
    "who presigns the URL: cli (fota, once) or iot (AWS IoT, on each request)",
  ),
  role: may(text, "name or ARN of the IAM role that AWS IoT presigns with, for presign iot"),
  expires: may(text, "URL lifetime: up to 7d, with presign iot up to 1h"),
  slot: may(count, "slot that a raw image is linked for, unless --slot or the image gives one"),
  slots: may(
    slots,
    "slots of the devices, such as [0, 1]: without `slot`, a raw image is the same for each of them",
  ),
  model: may(text, "hardware model that the images are for; other devices refuse them"),
  package: may(text, "software package of AWS IoT that the firmware is a version of, like --package"),
  sign: may(texts, "keys that sign the job documents, like --sign"),
  seq: may(sequence, "sequence number of signed documents: a number, or version"),
  legacyModels: may(texts, "models whose devices run the original library; fota uses --legacy for them"),
  rollouts: may(v.record(v.string(), rolloutSchema, OBJECT), "rollout presets by name, for --rollout"),
  confirmAbove: may(count, "on a terminal, publish asks first if the job has more things than this"),
  prices: may(pricesSchema, "unit prices for the cost in the plan"),
});

/** Holds the settings of `fota.config.json`; flags and the environment override them. */
export type FileSettings = v.InferOutput<typeof configSchema>;
export type Prices = v.InferOutput<typeof pricesSchema>;

/** Returns the faults of a config, as in `slot must be a number, got "1"`, one for each key. */
export function configFaults(config: object): string[] {
  const unknown = Object.keys(config).filter((key) => !Object.hasOwn(configSchema.entries, key));
  const { issues = [] } = v.safeParse(configSchema, config);
  const faults = issues.flatMap((issue) => faultOf(issue) ?? []);
  return [...unknown.map((key) => `unknown key ${JSON.stringify(key)}`), ...new Set(faults)];
}

export const CONFIG_KEYS: readonly string[] = Object.keys(configSchema.entries);

/** Returns `undefined` for an unknown key of the whole file, because valibot reports only the first one. */
function faultOf(issue: v.BaseIssue<unknown>): string | undefined {
  const path = issue.path ?? [];
  const list = path.findIndex(({ type }) => type === "array");
  const keys = path.slice(0, list < 0 ? undefined : list).map(({ key }) => String(key));
  const last = keys.pop() ?? "";
  const before = keys.map((key) => `${key}: `).join("");
  if (issue.expected === "never") {
    return keys.length === 0 ? undefined : `${before}unknown key ${JSON.stringify(last)}`;
  }
  const got = list < 0 ? issue.input : path[list]?.input;
  return `${before}${last} ${issue.message}, got ${JSON.stringify(got)}`;
}
