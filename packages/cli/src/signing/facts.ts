import { FotaError, type JobDocument, parseJobDocument } from "@fota/shared";
import { given } from "../given.js";
import { parseUtcTime } from "../settings/utc-time.js";
import { parseSequence } from "./sequence.js";

/** Holds the options for facts that a signature covers, with the command line's texts as values. */
export interface FactOptions {
  /** A number from 1 up, or `version`. */
  seq?: string | number;
  /** Names the things that the document is for. */
  for?: readonly string[];
  allowDowngrade?: boolean;
  /** A time in UTC. */
  validUntil?: string;
  /** A time in UTC, or `now`. */
  signedAt?: string;
}

/** Holds signed facts as keys of the job document. */
export type Facts = Pick<JobDocument, "bc_seq" | "bc_for" | "bc_down" | "bc_exp" | "bc_at">;

/** How far the clock of another signer may be ahead. */
const CLOCKS_DIFFER_SECONDS = 86_400;

/** Names the options, for messages. */
export const FACT_FLAGS: Readonly<Record<keyof FactOptions, string>> = {
  seq: "--seq",
  for: "--for",
  allowDowngrade: "--allow-downgrade",
  validUntil: "--valid-until",
  signedAt: "--signed-at",
};

/** Parses the options. @throws {FotaError} USAGE, naming the option */
export function factsOf(options: FactOptions, fwVersion: string | undefined, now: Date): Facts {
  const { seq, for: things, allowDowngrade, validUntil, signedAt } = options;
  const bc_exp = validUntil === undefined ? undefined : secondsOf(validUntil, "--valid-until");
  if (bc_exp !== undefined && bc_exp * 1000 <= now.getTime()) {
    throw new FotaError("USAGE", `--valid-until ${validUntil} has passed`, { hint: "give a later time" });
  }
  return given({
    bc_seq: seq === undefined ? undefined : parseSequence(String(seq), fwVersion),
    bc_for: things === undefined || things.length === 0 ? undefined : [...new Set(things)],
    bc_down: allowDowngrade === true ? (true as const) : undefined,
    bc_exp,
    bc_at:
      signedAt === undefined
        ? undefined
        : signedAt === "now"
          ? wholeSeconds(now)
          : secondsOf(signedAt, "--signed-at"),
  });
}

/** Returns the document with these facts, checked as a device checks it. @throws {FotaError} DOCUMENT_INVALID */
export function withFacts(document: JobDocument, facts: Facts): JobDocument {
  return parseJobDocument({ ...document, ...facts });
}

/**
 * Returns the document with the time of the signature, if it has none and needs one: version 2 of the statement, which
 * other facts demand, costs nothing more, and the time keeps a device from going back to an earlier one.
 */
export function withSigningTime(document: JobDocument, now: Date): JobDocument {
  const { bc_at, bc_seq, bc_for, bc_down } = document;
  if (bc_at !== undefined || (bc_seq ?? bc_for ?? bc_down) === undefined) return document;
  return withFacts(document, { bc_at: wholeSeconds(now) });
}

/**
 * Refuses a time of the signature that has not come, as in a plan from a machine that a thief has: once they confirmed it,
 * devices would take it for the present, and refuse every document that expires before.
 * @throws {FotaError} DOCUMENT_INVALID
 */
export function checkSigningTime({ bc_at }: JobDocument, now: Date): void {
  if (bc_at === undefined || bc_at <= wholeSeconds(now) + CLOCKS_DIFFER_SECONDS) return;
  throw new FotaError(
    "DOCUMENT_INVALID",
    `the time of the signature, ${bc_at} s after 1970, has not come: devices would refuse all that expires before it`,
    { hint: "add --signed-at now, or check the clock of this machine and bc_at in the document" },
  );
}

function wholeSeconds(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

function secondsOf(text: string, flag: string): number {
  const time = parseUtcTime(text);
  if (time !== undefined && time.getTime() > 0) return wholeSeconds(time);
  throw new FotaError("USAGE", `${flag} must be a time in UTC, got ${JSON.stringify(text)}`, {
    hint: `write ${flag} "2027-06-01 00:00": it is signed, so it must not depend on when the command runs`,
  });
}
