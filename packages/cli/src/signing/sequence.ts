import { FotaError } from "@fota/shared";

const MINOR_FACTOR = 256;
const MAJOR_FACTOR = 65_536;
/** The word for the number that the version gives. */
const BY_VERSION = "version";

/**
 * Parses `--seq`: a number from 1 up, or `version` for major * 65536 + minor * 256 + patch of the firmware's version.
 * @throws {FotaError} USAGE, also if the version is missing or gives no such number
 */
export function parseSequence(text: string, fwVersion: string | undefined): number {
  if (text === BY_VERSION) return sequenceOfVersion(fwVersion);
  const number = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && Number.isSafeInteger(number)) return number;
  throw invalid(`--seq must be a whole number from 1 up, or version, got ${JSON.stringify(text)}`);
}

function sequenceOfVersion(version: string | undefined): number {
  if (version === undefined) {
    throw invalid("--seq version needs the version of the firmware", "give --fw-version, or a number");
  }
  // A prerelease would use up the number of its release.
  const [, numbers = ""] = /^v?([\d.]+)(?:\+|$)/.exec(version) ?? [];
  const parts = numbers.split(".").map(Number);
  const [major = 0, minor = 0, patch = 0] = parts;
  const number = major * MAJOR_FACTOR + minor * MINOR_FACTOR + patch;
  const fits = parts.length <= 3 && minor < MINOR_FACTOR && patch < MINOR_FACTOR;
  if (fits && number >= 1 && Number.isSafeInteger(number)) return number;
  throw invalid(
    `version ${version} gives no sequence number: it must have up to three numbers, the last two below 256, and be neither 0 nor a prerelease`,
    "give --seq a number that grows with each release",
  );
}

function invalid(message: string, hint = "give a number that grows with each release"): FotaError {
  return new FotaError("USAGE", message, { hint });
}
