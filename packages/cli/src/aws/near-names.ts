import { type ErrorCode, FotaError, type Hint, hintOf, isFotaError } from "@fota/shared";
import { nearestOf } from "../nearest.js";

/** Four pages: a name that is not among the first of a larger account is not suggested. */
const NAMES_READ_MAX = 1_000;

/**
 * Returns a handler for `catch` that suggests near names for `name`, where the error has `code`. Names are read only
 * then; if that fails, the error stays as it is.
 */
export function suggestFrom(code: ErrorCode, name: string, names: () => AsyncIterable<string>) {
  return async (error: unknown): Promise<never> => {
    if (!isFotaError(error, code)) throw error;
    const known = await firstOf(names()).catch(() => []);
    throw withSuggestions(error, nearestOf(name, known));
  };
}

/** Returns the error with the suggestions in front of its hint; itself where there are none. */
export function withSuggestions(error: FotaError, names: readonly string[]): FotaError {
  if (names.length === 0) return error;
  const { code, message, cause } = error;
  return new FotaError(code, message, { hint: suggestion(names, hintOf(error)), cause });
}

function suggestion(names: readonly string[], hint: Hint | undefined): Hint {
  const quoted = names.map((name) => JSON.stringify(name));
  const last = quoted.pop();
  const question = `did you mean ${quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`}?`;
  if (hint === undefined) return question;
  return typeof hint === "string"
    ? `${question} if not, ${hint}`
    : { ...hint, text: `${question} if not, ${hint.text}` };
}

async function firstOf(names: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const name of names) {
    found.push(name);
    if (found.length === NAMES_READ_MAX) break;
  }
  return found;
}
