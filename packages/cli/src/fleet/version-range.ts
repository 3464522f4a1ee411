import { compareVersions, FotaError, VERSION_PATTERN } from "@fota/shared";

/** Finds the operators of other tools, which would else be a version that no thing has. */
const FOREIGN = /^[~^!]|[<>=|]/;

/** Returns whether a version is in a range; `undefined` stands for an unknown version, which is in none. */
export type VersionTest = (version: string | undefined) => boolean;

/**
 * Parses a range of versions: `<2.0`, `<=`, `>`, `>=`, `2.x` for all that begin with 2, or one version. Several ranges
 * with spaces or commas between them must all hold: `>=1.4 <2.0`. Versions are compared by `compareVersions`; a text
 * that is not a version matches only itself.
 * @throws {FotaError} USAGE
 */
export function parseVersionRange(text: string): VersionTest {
  const parts = text
    .replace(/([<>]=?|=)\s+/g, "$1")
    .split(/[\s,]+/)
    .filter((part) => part !== "");
  if (parts.length === 0) throw invalid(text);
  const tests = parts.map((part) => parsePart(part, text));
  return (version) => version !== undefined && tests.every((test) => test(version));
}

function parsePart(part: string, text: string): (version: string) => boolean {
  const [, operator = "", operand = ""] = /^([<>]=?|=)?(.*)$/.exec(part) ?? [];
  const prefix = /^v?((?:\d+\.)+)[x*]$/.exec(operand)?.[1];
  if (prefix !== undefined && operator === "") return (version) => isBelow(prefix, version);
  if (operator === "" || operator === "=") {
    if (operand === "" || FOREIGN.test(operand)) throw invalid(text);
    return (version) => version === operand || compareVersions(version, operand) === 0;
  }
  if (!VERSION_PATTERN.test(operand)) throw invalid(text);
  return (version) => {
    const order = compareVersions(version, operand);
    if (order === undefined) return false;
    return order === 0 ? operator.endsWith("=") : operator.startsWith("<") === order < 0;
  };
}

/** Returns whether the numbers of `version` begin with those of `prefix`, such as `2.`; leading zeros do not count. */
function isBelow(prefix: string, version: string): boolean {
  const numbers = version.replace(/^v/, "").split(/[-+]/, 1)[0]?.split(".") ?? [];
  const wanted = prefix.split(".").slice(0, -1);
  return (
    VERSION_PATTERN.test(version) &&
    wanted.every((number, i) => compareVersions(numbers[i] ?? "0", number) === 0)
  );
}

function invalid(text: string): FotaError {
  return new FotaError("USAGE", `${JSON.stringify(text)} is not a range of versions`, {
    hint: "write <2.0, <=2.0, >1.4, >=1.4, 2.x, 1.4.0, or several that must all hold: '>=1.4 <2.0'",
  });
}
