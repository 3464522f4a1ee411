/** Longest version in a job document, in characters. */
export const VERSION_MAX_LENGTH = 64;
/** Any count of dotted numbers, then an optional `-prerelease` and `+build` as in semver. */
export const VERSION_PATTERN = /^v?[0-9]+(\.[0-9]+)*(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/**
 * Compares two versions as semver does: numbers by value (missing ones are 0), a prerelease before its release, without
 * build metadata. Returns a negative number, 0 or a positive one; `undefined` if either is not a version.
 */
export function compareVersions(a: string, b: string): number | undefined {
  const [left, right] = [parse(a), parse(b)];
  if (left === undefined || right === undefined) return undefined;
  for (let i = 0; i < Math.max(left.numbers.length, right.numbers.length); i += 1) {
    const difference = compareDigits(left.numbers[i] ?? "0", right.numbers[i] ?? "0");
    if (difference !== 0) return difference;
  }
  return comparePrereleases(left.prerelease, right.prerelease);
}

function parse(version: string): { numbers: string[]; prerelease: string[] } | undefined {
  if (version.length > VERSION_MAX_LENGTH || !VERSION_PATTERN.test(version)) return undefined;
  const [, numbers = "", prerelease] = /^v?([^-+]+)(?:-([^+]+))?/.exec(version) ?? [];
  return { numbers: numbers.split("."), prerelease: prerelease?.split(".") ?? [] };
}

/** Compares digits by value at any length: a double holds only 15 digits, and a build number may have 40. */
function compareDigits(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return x.length - y.length || compareTexts(x, y);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * Compares prereleases (semver 2.0.0, clause 11): none is highest, numbers are below words, the longer one wins a tie.
 */
function comparePrereleases(a: string[], b: string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (const [i, x] of a.entries()) {
    const y = b[i];
    if (y === undefined) break;
    const [xIsNumber, yIsNumber] = [/^[0-9]+$/.test(x), /^[0-9]+$/.test(y)];
    const difference =
      Number(yIsNumber) - Number(xIsNumber) || (xIsNumber ? compareDigits(x, y) : compareTexts(x, y));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
