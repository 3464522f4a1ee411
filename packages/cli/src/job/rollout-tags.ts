import { createHash } from "node:crypto";

/** Names the tags that a rollout puts on the jobs of its stages. They are its whole state. */
const ROLLOUT = "fota:rollout";
const STAGE = "fota:stage";
const FIRMWARE_KEYS = "fota:firmware";
const STAGE_KEYS = "fota:plan";
const GATE = "fota:gate";

/** AWS's limit for the value of a tag. */
const VALUE_MAX_LENGTH = 256;
const HASH_LENGTH = 6;

/** Says which stage of which rollout a job is. */
interface StageTag {
  rollout: string;
  stage: string;
  number: number;
  /** The number of stages when the job was created. */
  stages: number;
}

/** Holds a decision about a gate. Only an open gate stays so: a closed one is judged again by the next run. */
export interface GateRecord {
  state: "open" | "closed";
  /** ISO 8601, whole seconds. */
  decidedAt: string;
  text: string;
}

/** Holds the hashes of a plan's keys, to tell which ones changed. */
export type KeyHashes = Readonly<Record<string, string>>;

export interface RolloutTags {
  of: StageTag;
  firmware: KeyHashes;
  stageKeys: KeyHashes;
  gate: GateRecord | undefined;
}

/** Returns the tags of a new job. */
export function stageTags({ of, firmware, stageKeys }: Omit<RolloutTags, "gate">): Record<string, string> {
  return {
    [ROLLOUT]: of.rollout,
    [STAGE]: `${of.number}/${of.stages} ${of.stage}`,
    [FIRMWARE_KEYS]: formatHashes(firmware),
    [STAGE_KEYS]: formatHashes(stageKeys),
  };
}

/** Returns those of a stage's tags that are missing on its job. */
export function lostTags(
  tags: Readonly<Record<string, string>>,
  expected: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(expected).filter(([key]) => tags[key] === undefined));
}

/** Returns the tag that records a decision. A tag allows few characters, so others are replaced. */
export function gateTag({ state, decidedAt, text }: GateRecord): Record<string, string> {
  const plain = text.replace(/[,;] /g, " - ").replaceAll("%", "percent");
  const value = `${state} ${decidedAt} ${plain.replace(/[^\p{L}\p{N} _.:/=+@-]/gu, "_")}`;
  return { [GATE]: value.slice(0, VALUE_MAX_LENGTH).trimEnd() };
}

/** Reads the tags of a job; `undefined` if it belongs to no rollout. */
export function parseRolloutTags(tags: Readonly<Record<string, string>>): RolloutTags | undefined {
  const rollout = tags[ROLLOUT];
  const [, number, stages, stage] = /^(\d+)\/(\d+) (.+)$/.exec(tags[STAGE] ?? "") ?? [];
  if (rollout === undefined || stage === undefined) return undefined;
  return {
    of: { rollout, stage, number: Number(number), stages: Number(stages) },
    firmware: parseHashes(tags[FIRMWARE_KEYS]),
    stageKeys: parseHashes(tags[STAGE_KEYS]),
    gate: parseGateTag(tags[GATE]),
  };
}

function parseGateTag(value = ""): GateRecord | undefined {
  const [, state, decidedAt = "", text = ""] = /^(open|closed) (\S+) ?(.*)$/s.exec(value) ?? [];
  return state === "open" || state === "closed" ? { state, decidedAt, text } : undefined;
}

/** Returns a short hash for each key that has a value. */
export function hashKeys(values: Readonly<Record<string, unknown>>): KeyHashes {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [key, hashOf(JSON.stringify(value))]));
}

/** Returns the keys whose hashes differ. */
export function changedKeys(before: KeyHashes, now: KeyHashes): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return keys.filter((key) => before[key] !== now[key]);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
}

function formatHashes(hashes: KeyHashes): string {
  return Object.entries(hashes)
    .map(([key, hash]) => `${key}=${hash}`)
    .join(" ");
}

function parseHashes(value = ""): KeyHashes {
  const pairs = value.split(" ").map((pair) => pair.split("="));
  return Object.fromEntries(pairs.flatMap(([key, hash]) => (key && hash ? [[key, hash]] : [])));
}
