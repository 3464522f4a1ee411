import { schemaFaults } from "@fota/shared";
import * as v from "valibot";
import { described } from "../described.js";

// A message follows the key, as in "stages must be a list of 1 to 20 stages".
const OBJECT = "must be an object";
const TEXTS = "must be a list of strings";
const FILES = "must be a file name, or a list of them";
const TARGETS = "must be a list of at least one target";
const COMMAND = "must be a list: a program and its arguments";
const STAGES = "must be a list of 1 to 20 stages";
const NAME = "must have 1 to 64 of A-Z a-z 0-9 . _ -, and begin with a letter or digit";
const STAGE_NAME = "must have 1 to 32 of A-Z a-z 0-9 . _ -, and begin with a letter or digit";
const FROM_1 = "must be a whole number from 1 up";
const SEQUENCE = 'must be a number from 1 up, or "version"';
const SLOT = 'must be a slot number, or "any"';
const YES_NO = "must be true or false";

const text = v.string("must be a string");
const texts = v.array(text, TEXTS);
const flag = v.boolean(YES_NO);
const from1 = v.pipe(v.number(FROM_1), v.safeInteger(FROM_1), v.minValue(1, FROM_1));
const nonEmpty = (message: string) => v.pipe(v.array(text, message), v.minLength(1, message));

function may<const Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.exactOptional(described(schema, description));
}

const urlEntries = {
  presign: may(v.picklist(["cli", "iot"], "must be cli or iot"), "who presigns the URL, like --presign"),
  role: may(text, "IAM role that AWS IoT presigns with, like --role"),
  expires: may(text, "URL lifetime, like --expires"),
};

/** Holds the options of `fota publish` that name the firmware. Paths are relative to the plan's file. */
const publishSchema = v.strictObject(
  {
    image: described(v.union([v.string(FILES), nonEmpty(FILES)], FILES), "as the arguments of publish"),
    slot: may(
      v.union([v.pipe(v.number(), v.safeInteger(), v.minValue(0)), v.literal("any")], SLOT),
      "like --slot",
    ),
    bucket: may(text, "like --bucket"),
    prefix: may(text, "like --prefix"),
    deltaFrom: may(texts, "images to offer patches from, like --delta-from"),
    ...urlEntries,
    fwVersion: may(text, "like --fw-version"),
    model: may(text, "like --model"),
    minVersion: may(text, "like --min-version"),
    package: may(text, "like --package"),
    legacy: may(flag, "like --legacy"),
    description: may(text, "like --description"),
    tag: may(texts, "tags of each job, like --tag"),
    sign: may(texts, "like --sign"),
    signWith: may(text, "like --sign-with"),
    publicKey: may(text, "like --public-key"),
    passphraseFile: may(text, "like --passphrase-file"),
    seq: may(v.union([from1, v.literal("version")], SEQUENCE), "like --seq"),
    for: may(texts, "like --for"),
    allowDowngrade: may(flag, "like --allow-downgrade"),
    validUntil: may(text, "like --valid-until"),
    anyModel: may(flag, "like --any-model"),
    keys: may(text, "like --keys"),
    document: may(text, "like --document"),
  },
  OBJECT,
);
export type PlannedPublish = v.InferOutput<typeof publishSchema>;

const gateSchema = v.strictObject(
  {
    success: may(
      text,
      "share that must have succeeded, of the things that succeeded, failed, timed out or rejected the job (default: 100%)",
    ),
    after: may(text, "share of the things that must have ended before the gate decides (default: 100%)"),
    minThings: may(from1, "number of things that must have ended (default: 1)"),
    soak: may(text, "time that must pass after that, while the share holds: 2h"),
    command: may(
      nonEmpty(COMMAND),
      "program and arguments, run last: exit code 0 opens the gate, 75 asks again later, others close it",
    ),
    timeout: may(text, "longest time until enough things have ended (default: 7d)"),
    onTimeout: may(
      v.picklist(["fail", "judge"], "must be fail or judge"),
      "fail: close the gate (default); judge: decide by the things that have ended",
    ),
    onFail: may(
      v.picklist(["leave", "cancel"], "must be leave or cancel"),
      "what happens to the job of the stage when the gate closes (default: leave)",
    ),
  },
  OBJECT,
);
export type PlannedGate = v.InferOutput<typeof gateSchema>;

const name = (message: string, max: number) =>
  v.pipe(v.string(message), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, message), v.maxLength(max, message));

const stageSchema = v.strictObject(
  {
    name: described(name(STAGE_NAME, 32), "name of the stage, which no other stage has"),
    to: described(
      nonEmpty(TARGETS),
      "thing names, group:<name>, query:<fleet index query>, ARNs or @<file of names>, like --to",
    ),
    continuous: may(flag, "like --continuous"),
    makeGroup: may(text, "like --make-group"),
    ...urlEntries,
    rollout: may(text, "preset from fota.config.json; the keys below override it"),
    rate: may(text, "things per minute: 50/min"),
    ramp: may(text, "start slowly and speed up: 10/min x2 after 50 succeeded"),
    abortOn: may(texts, "cancel the job after too many failures: failed>10% after 20"),
    thingTimeout: may(text, "longest time that one thing may be in progress: 30m"),
    retry: may(text, "retries on the same thing: failed:2,timed-out:1"),
    start: may(text, "start time: +2h from the start of the stage; of the first stage also a time in UTC"),
    end: may(text, "end time, in the same form"),
    atEnd: may(text, "what `end` does to unfinished things: stop, cancel or force-cancel"),
    window: may(texts, "maintenance windows in UTC: 0 2 * * * 120m; they need `continuous`"),
    gate: may(gateSchema, "when the next stage starts; that of the last stage decides how the rollout ends"),
  },
  OBJECT,
);
export type PlannedStage = v.InferOutput<typeof stageSchema>;

/** Defines the file of `fota rollout` in one place: its check, its type and the JSON Schema that editors read. */
export const rolloutPlanSchema = v.strictObject(
  {
    $schema: may(text, "address of this schema, for editors"),
    name: described(
      name(NAME, 64),
      "name of the rollout in the account and region: the same name continues the same rollout",
    ),
    publish: may(publishSchema, "firmware of the first stage; this or `from`"),
    from: may(text, "id of a job that has proven its image, which the first stage promotes"),
    stages: described(
      v.pipe(v.array(stageSchema, STAGES), v.minLength(1, STAGES), v.maxLength(20, STAGES)),
      "the stages, in order; each after the first promotes the job of the stage before",
    ),
  },
  OBJECT,
);
export type RolloutPlanFile = v.InferOutput<typeof rolloutPlanSchema>;

/** Returns the faults of a plan, as in `stages[0].name is missing`. */
export function rolloutPlanFaults(value: unknown): string[] {
  const faults = schemaFaults(rolloutPlanSchema, value);
  if (faults.length > 0) return faults;
  const { publish, from, stages } = value as RolloutPlanFile;
  if ((publish === undefined) === (from === undefined)) faults.push("give publish or from, one of them");
  const names = stages.map((stage) => stage.name);
  const twice = names.find((each, i) => names.indexOf(each) < i);
  if (twice !== undefined) faults.push(`two stages have the name ${JSON.stringify(twice)}`);
  stages.slice(1).forEach(({ start, end }, i) => {
    for (const [key, time] of Object.entries({ start, end })) {
      if (time === undefined || time.startsWith("+")) continue;
      faults.push(
        `stages[${i + 1}].${key} must be relative, such as +2h: the stage starts when the gate before it opens, got ${JSON.stringify(time)}`,
      );
    }
  });
  return faults;
}
