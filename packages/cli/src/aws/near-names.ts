import { type ErrorCode, FotaError, type Hint, hintOf, isFotaError, nearestOf } from "@fota/shared";

/** The limit is four pages: in a larger account, names after the first thousand are not suggested. */
const NAMES_READ_MAX = 1_000;

/**
 * Returns a handler for `catch` that suggests near names for `name` if the error has `code`. Only then does it read
 * names; if that fails, it throws the error unchanged.
 */
export function suggestFrom(code: ErrorCode, name: string, names: () => AsyncIterable<string>) {
  return async (error: unknown): Promise<never> => {
    if (!isFotaError(error, code)) throw error;
    const known = await firstOf(names()).catch(() => []);
    throw withSuggestions(error, nearestOf(name, known));
  };
}

/** Returns the error with the suggestions before its hint; unchanged if there are none. */
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
