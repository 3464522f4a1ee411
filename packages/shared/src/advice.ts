/** What to do, with a command of fota to type, as data: where it is shown, the global options are added to it. */
export interface Advice {
  /** Where it says `<command>`, the command stands: "<command> shows how it ended". */
  text: string;
  /** Its arguments, each as the program gets it; `<name>` is for the reader to fill in. */
  command: readonly string[];
}

/** What to do: a sentence, or one with a command in it. */
export type Hint = string | Advice;

/** A command line of fota to type into a shell; `globals` are the global options to go with it, as words. */
export function commandLine(command: readonly string[], globals: readonly string[] = []): string {
  return ["fota", ...command, ...globals].map(shellWord).join(" ");
}

/** Writes a hint out for people. */
export function hintText(hint: Hint, globals: readonly string[] = []): string {
  if (typeof hint === "string") return hint;
  return hint.text.replaceAll("<command>", () => `\`${commandLine(hint.command, globals)}\``);
}

/** A hint, and what else there is to do. */
export function hintAnd(hint: Hint | undefined, more: string): Hint {
  if (hint === undefined) return more;
  return typeof hint === "string" ? `${hint}; ${more}` : { ...hint, text: `${hint.text}; ${more}` };
}

/** Quotes a word, where a shell would not take it as it is. */
export function shellWord(word: string): string {
  if (/^(?!=)[\w@%+=:,./-]+$/.test(word) || /^<[a-z -]+>$/.test(word)) return word;
  return /[$`"\\!]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}
