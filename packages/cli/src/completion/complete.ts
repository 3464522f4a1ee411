import type { Argument, Command, Option } from "commander";
import { visibleOptionsOf } from "../help/configure.js";
import { OPTIONS_TOPIC } from "../help/options-page.js";
import { withAncestors } from "../help/subcommands.js";
import { takesPath } from "../settings/flags.js";

export interface Candidate {
  value: string;
  /** Describes the candidate to the user; may be empty. */
  description: string;
}

/** Names that only the account or the settings file has. */
export type NameKind = "jobs" | "things" | "groups" | "targets" | "rollouts";

/** Holds what may stand at the cursor. */
export interface Completion {
  candidates: Candidate[];
  /** Asks for names of this kind too, each after `prefix`. */
  names?: { kind: NameKind; prefix: string };
  /** True if the shell's own completion of file names applies. */
  files: boolean;
  /** Holds the options on the line so far, by long name without dashes; true for options without a value. */
  options: Record<string, string | true>;
}

/** Lists the values of options that check their fixed words themselves. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  "--presign": ["cli", "iot"],
  "--delta": ["auto"],
  "--ports": ["auto"],
  "--slot": ["any"],
  "--seq": ["version"],
  "--signed-at": ["now"],
  "--at-end": ["stop", "cancel", "force-cancel"],
};
const NAMES: Readonly<Record<string, NameKind>> = {
  "--thing": "things",
  "--for": "things",
  "--group": "groups",
  "--to": "targets",
  "--rollout": "rollouts",
};

/** Completes from the commands' own definitions; `words` are those after `fota`, and the last one is being typed. */
export function complete(program: Command, words: readonly string[]): Completion {
  const current = words.at(-1) ?? "";
  const line = walk(program, words.slice(0, -1));
  const { command, pending, options } = line;
  const settled = { options, files: false };
  const assigned = /^(--[^=]+)=/.exec(current);
  const option = pending ?? (assigned?.[1] === undefined ? undefined : optionNamed(command, assigned[1]));
  if (option !== undefined && (pending !== undefined || takesValue(option))) {
    const prefix = pending === undefined ? (assigned?.[0] ?? "") : "";
    return { ...settled, ...matching(valuesOf(option, prefix), current) };
  }
  if (current.startsWith("-") && !line.onlyArguments) {
    return { ...settled, ...matching({ candidates: optionsLeft(command, options) }, current) };
  }
  if (command.commands.length > 0)
    return { ...settled, ...matching({ candidates: commandsOf(command) }, current) };
  const args = command.registeredArguments;
  const argument = args[line.argumentCount] ?? args.find(({ variadic }) => variadic);
  if (argument === undefined) return { ...settled, candidates: [] };
  return { ...settled, ...matching(argumentValues(argument, program), current) };
}

interface Line {
  command: Command;
  /** The option whose value comes next. */
  pending: Option | undefined;
  argumentCount: number;
  /** True after `--`. */
  onlyArguments: boolean;
  options: Record<string, string | true>;
}

function walk(program: Command, words: readonly string[]): Line {
  const line: Line = {
    command: program,
    pending: undefined,
    argumentCount: 0,
    onlyArguments: false,
    options: {},
  };
  for (const word of words) {
    const [name = "", ...value] = word.split("=");
    if (line.pending !== undefined) {
      line.options[line.pending.name()] = word;
      line.pending = undefined;
    } else if (word === "--") {
      line.onlyArguments = true;
    } else if (word.startsWith("-") && !line.onlyArguments) {
      const option = optionNamed(line.command, name);
      if (option === undefined) continue;
      if (takesValue(option) && value.length === 0) line.pending = option;
      else line.options[option.name()] = takesValue(option) ? value.join("=") : true;
    } else {
      const below = line.command.commands.find(
        (each) => each.name() === word || each.aliases().includes(word),
      );
      if (below !== undefined && line.argumentCount === 0) line.command = below;
      else line.argumentCount += 1;
    }
  }
  return line;
}

function matching(
  found: Pick<Completion, "candidates"> & Partial<Completion>,
  current: string,
): Pick<Completion, "candidates"> & Partial<Completion> {
  return { ...found, candidates: found.candidates.filter(({ value }) => value.startsWith(current)) };
}

function optionNamed(command: Command, name: string): Option | undefined {
  const known = [...allOptions(command), ...command.options]; // hidden options take values too
  return known.find(({ long, short }) => long === name || short === name);
}

/** Returns the options of the command and of the commands above it. */
function allOptions(command: Command): Option[] {
  const [, ...above] = withAncestors(command);
  return [
    ...visibleOptionsOf(command),
    ...above.flatMap(({ options }) => options.filter((each) => !each.hidden)),
  ];
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function optionsLeft(command: Command, given: Record<string, string | true>): Candidate[] {
  const all = allOptions(command);
  // An option of the command hides one of the program with the same name.
  const visible = all.filter(({ long }, i) => all.findIndex((each) => each.long === long) === i);
  return visible.flatMap((option) => {
    const repeatable = option.parseArg !== undefined || option.variadic;
    if (!repeatable && Object.hasOwn(given, option.name())) return [];
    const { long, short, description } = option;
    return [long, short].flatMap((value) => (value ? [{ value, description }] : []));
  });
}

function commandsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ value: each.name(), description: each.summary() || each.description() }));
}

function valuesOf(option: Option, prefix: string): Pick<Completion, "candidates"> & Partial<Completion> {
  const long = option.long ?? "";
  const words = option.argChoices ?? WORDS[long] ?? [];
  const candidates = words.map((word) => ({ value: `${prefix}${word}`, description: "" }));
  const kind = NAMES[long];
  if (kind !== undefined) return { candidates, names: { kind, prefix } };
  // A key or an image may be a file, with or without an id or a slot before it.
  return { candidates, files: prefix === "" && (takesPath(option) || /<(key|image)>/.test(option.flags)) };
}

function argumentValues(
  argument: Argument,
  program: Command,
): Pick<Completion, "candidates"> & Partial<Completion> {
  if (argument.argChoices !== undefined) {
    return { candidates: argument.argChoices.map((value) => ({ value, description: "" })) };
  }
  const name = argument.name();
  if (name === "file|job") return { candidates: [], names: { kind: "jobs", prefix: "" }, files: true };
  if (/^job/.test(name)) return { candidates: [], names: { kind: "jobs", prefix: "" } };
  if (name === "thing") return { candidates: [], names: { kind: "things", prefix: "" } };
  if (name === "name") return { candidates: [] }; // the name of something new
  if (name === "command") {
    const options = { value: OPTIONS_TOPIC, description: "global options" };
    return { candidates: [...commandsOf(program), options] };
  }
  return { candidates: [], files: true };
}
