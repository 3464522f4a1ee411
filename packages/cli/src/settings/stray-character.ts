import { FotaError } from "@fota/shared";

const NAMES: Readonly<Record<number, string>> = {
  9: "a tab",
  10: "a line feed",
  13: "a carriage return",
  32: "a space",
  160: "a no-break space",
  8203: "a zero-width space",
  65279: "a byte order mark",
};

/**
 * Returns the first invisible character of a value that no name, key or address contains: white space at either end,
 * and anywhere control and format characters (line breaks, byte order marks, zero-width and bidi marks) and spaces
 * other than the plain one. Reads as in "ends with a space (U+0020)"; `undefined`: there is none.
 */
export function strayCharacterIn(value: string): string | undefined {
  for (const { index, 0: character } of value.matchAll(/\p{C}|\p{Z}|\s/gu)) {
    const isStart = index === 0;
    const isEnd = value.slice(index + character.length).trim() === "";
    if (character === " " && !isStart && !isEnd) continue; // between words
    const verb = isStart ? "begins with" : isEnd ? "ends with" : "holds";
    const at = verb === "holds" ? ` after ${index} characters` : "";
    return `${verb} ${nameOf(character)}${at}`;
  }
  return undefined;
}

/**
 * Reads an environment variable; `undefined` if it is unset or empty.
 * @throws {FotaError} CONFIG_INVALID, naming the variable and the character, when it contains an invisible one
 */
export function readVariable(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  const value = env[name];
  if (value === undefined || value === "") return undefined;
  const stray = strayCharacterIn(value);
  if (stray === undefined) return value;
  throw new FotaError("CONFIG_INVALID", `${name} ${stray}`, {
    hint: "set it again without that character; a secret that was pasted or read from a file often ends with one",
  });
}

/** Applies `strayCharacterIn` to all texts in a JSON value, as in "rollouts: slow: rate ends with a space (U+0020)". */
export function strayCharactersIn(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value === "string") {
    const stray = strayCharacterIn(value);
    return stray === undefined ? [] : [`${path.join(": ")} ${stray}`];
  }
  if (Array.isArray(value)) return value.flatMap((each) => strayCharactersIn(each, path));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => strayCharactersIn(each, [...path, key]));
}

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  const name = NAMES[code] ?? (/\p{Z}/u.test(character) ? "a special space" : "an invisible character");
  return `${name} (${hex})`;
}
