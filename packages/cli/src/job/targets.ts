import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { FotaError, isFotaError, messageOf, THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";
import { GROUP_PREFIX, QUERY_PREFIX, thingText } from "../aws/target-prefixes.js";
import { readTextFile } from "../files/text-file.js";
import { strayCharacterIn } from "../settings/stray-character.js";

/** Describes a target of a job. `text` is as it was given. */
export interface Target {
  kind: "thing" | "group";
  name: string;
  text: string;
  /** The query of the fleet index, if the target is the dynamic group of one. */
  query?: string;
  /** Set if the target was given as an ARN; the registry must then have the same ARN. */
  arn?: string;
}

const TARGETS_SHOWN_MAX = 5;
/** Begins the names of the dynamic groups that fota makes. */
const QUERY_GROUP_PREFIX = "fota-query-";
const QUERY_DIGEST_CHARACTERS = 16;
const CONNECTIVITY_FIELD = /\bconnectivity\./i;
const ARN_PATTERN = /^arn:[a-z-]+:iot:([a-z0-9-]+):\d{12}:(thing|thinggroup)\/(.+)$/;

/**
 * Parses `--to` values: a thing name, `group:<name>`, `query:<query>` or an ARN. Thing names may contain `:`, so only
 * these forms are special. Drops duplicates and refuses more than `max`.
 * @throws {FotaError} TARGET_INVALID, TOO_MANY_TARGETS
 */
export function parseTargets(texts: readonly string[], max: number): Target[] {
  const targets = [...new Set(texts)].map(parseTarget);
  if (targets.length === 0) {
    throw new FotaError("TARGET_INVALID", "no target is given", {
      hint: "name a thing or a group: --to my-thing, --to group:beta",
    });
  }
  checkTargetCount(targets, max);
  return targets;
}

/** Checks the number of targets. @throws {FotaError} TOO_MANY_TARGETS */
export function checkTargetCount(targets: readonly Target[], max: number): void {
  if (targets.length <= max) return;
  throw new FotaError("TOO_MANY_TARGETS", `${targets.length} targets, AWS allows ${max} in one job`, {
    hint: "--make-group <name> puts the things into a static group and publishes to it",
  });
}

/**
 * Replaces each `@file` by the targets in it: one per line; surrounding white space and lines that start with # are
 * ignored.
 * @throws {FotaError} TARGET_INVALID
 */
export async function expandTargetFiles(texts: readonly string[], cwd: string): Promise<string[]> {
  const lists = texts.map(async (text) =>
    text.startsWith("@") ? await readTargetFile(text.slice(1), cwd) : [text],
  );
  return (await Promise.all(lists)).flat();
}

async function readTargetFile(path: string, cwd: string): Promise<string[]> {
  if (path.trim() === "") {
    throw new FotaError("TARGET_INVALID", "@ must be followed by the name of a file of targets", {
      hint: "--to @things.txt names a file with one thing a line",
    });
  }
  const text = await readTextFile(resolve(cwd, path), "TARGET_INVALID", path).catch((cause: unknown) => {
    if (isFotaError(cause)) throw cause;
    throw new FotaError("TARGET_INVALID", unreadable(path, cause), {
      hint: "--to @things.txt names a file with one thing a line",
      cause,
    });
  });
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const targets = lines.filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of targets) {
    const stray = strayCharacterIn(line);
    if (stray === undefined) continue;
    throw new FotaError("TARGET_INVALID", `${path}, line ${lines.indexOf(line) + 1}: the name ${stray}`, {
      hint: "write the name again without that character",
    });
  }
  if (targets.length > 0) return targets;
  throw new FotaError("TARGET_INVALID", `${path} names no target`, { hint: "write one thing a line" });
}

function unreadable(path: string, cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT") return `there is no file ${JSON.stringify(path)}`;
  if (code === "EISDIR") return `cannot read ${path}: it is a folder`;
  return `cannot read ${path}: ${code === "EACCES" ? "permission denied" : messageOf(cause)}`;
}

/** Checks the regions of ARNs. @throws {FotaError} TARGET_INVALID when an ARN is of another region */
export function checkRegions(targets: readonly Target[], region: string): void {
  for (const { arn, text } of targets) {
    const ofArn = arn === undefined ? region : ARN_PATTERN.exec(arn)?.[1];
    if (ofArn === region) continue;
    throw new FotaError("TARGET_INVALID", `${text} is in ${ofArn}, the job would be in ${region}`, {
      hint: `give --region ${ofArn}`,
    });
  }
}

/**
 * Returns a thing from a list of AWS IoT as a target. Its `text` is the ARN if the name looks like another kind of
 * target.
 */
export function thingTarget(name: string, arn: string): Target {
  const text = thingText(name, arn);
  return text === arn ? { kind: "thing", name, text, arn } : { kind: "thing", name, text };
}

/**
 * Returns an ARN of AWS IoT as the command line names it: a thing name, `group:<name>`, or `query:<query>` if `queries`
 * has the query of the group.
 */
export function targetNameOf(arn: string, queries: Readonly<Record<string, string>> = {}): string {
  const query = queries[arn];
  if (query !== undefined) return `${QUERY_PREFIX}${query}`;
  const [, , type, name] = ARN_PATTERN.exec(arn) ?? [];
  return name === undefined ? arn : type === "thing" ? name : `${GROUP_PREFIX}${name}`;
}

/** Returns the name of the group that fota made for a query; `undefined` for another target. */
export function queryGroupIn(arn: string): string | undefined {
  const [, , type, name] = ARN_PATTERN.exec(arn) ?? [];
  return type === "thinggroup" && name?.startsWith(QUERY_GROUP_PREFIX) ? name : undefined;
}

/** Returns the targets as they were given, only the first few of many. */
export function formatTargets(targets: readonly Target[]): string[] {
  const shown = targets.slice(0, TARGETS_SHOWN_MAX).map(({ text }) => text);
  const more = targets.length - shown.length;
  return more > 0 ? [...shown, `and ${more} more`] : shown;
}

function parseTarget(text: string): Target {
  if (text.startsWith("arn:")) {
    const [, , type, name = ""] = ARN_PATTERN.exec(text) ?? [];
    if (type !== undefined && isName(name))
      return { kind: type === "thing" ? "thing" : "group", name, text, arn: text };
    throw invalid(text, "an ARN must be arn:aws:iot:<region>:<account>:thing/<name> or :thinggroup/<name>");
  }
  if (text.startsWith(QUERY_PREFIX)) return queryTarget(text);
  const isGroup = text.startsWith(GROUP_PREFIX);
  const name = isGroup ? text.slice(GROUP_PREFIX.length) : text;
  if (isName(name)) return { kind: isGroup ? "group" : "thing", name, text };
  throw invalid(text, `names have 1 to ${THING_NAME_MAX_LENGTH} of A-Z a-z 0-9 : _ -`);
}

/**
 * Returns the dynamic group of a query. The same query has the same group in every run. Refuses connectivity: a device
 * that restarts for the update would leave the group, and AWS IoT then sets its job execution to REMOVED.
 */
function queryTarget(text: string): Target {
  const query = text.slice(QUERY_PREFIX.length).trim();
  if (query === "") throw invalid(text, "write a query after query:, such as query:attributes.model:m1");
  if (CONNECTIVITY_FIELD.test(query)) {
    throw new FotaError("TARGET_INVALID", `${JSON.stringify(text)} asks for connectivity`, {
      hint: "leave connectivity out: AWS IoT removes the job execution of a device that disconnects, as it does to restart; the job waits for devices that are offline",
    });
  }
  const digest = createHash("sha256").update(query).digest("hex").slice(0, QUERY_DIGEST_CHARACTERS);
  return { kind: "group", name: `${QUERY_GROUP_PREFIX}${digest}`, text, query };
}

function isName(name: string): boolean {
  return name.length <= THING_NAME_MAX_LENGTH && THING_NAME_PATTERN.test(name);
}

function invalid(text: string, hint: string): FotaError {
  return new FotaError("TARGET_INVALID", `${JSON.stringify(text)} is not a thing, group or ARN`, { hint });
}
