import { Command, CommanderError, Option } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { checkWords } from "./command-words.js";
import { cancelCommand } from "./commands/cancel.js";
import { completeCommand, completionCommand } from "./commands/completion.js";
import { dashboardCommand } from "./commands/dashboard.js";
import { deleteCommand } from "./commands/delete.js";
import { deltaCommand } from "./commands/delta.js";
import { deviceCommand } from "./commands/device.js";
import { doctorCommand } from "./commands/doctor.js";
import { fleetCommand } from "./commands/fleet.js";
import { helpCommand } from "./commands/help.js";
import { initCommand } from "./commands/init.js";
import { keygenCommand } from "./commands/keygen.js";
import { listCommand } from "./commands/list.js";
import { localCommand } from "./commands/local.js";
import { promoteCommand } from "./commands/promote.js";
import { publishCommand } from "./commands/publish.js";
import { rehearseCommand } from "./commands/rehearse.js";
import { reportCommand } from "./commands/report.js";
import { retryCommand } from "./commands/retry.js";
import { rolloutCommand } from "./commands/rollout.js";
import { showCommand } from "./commands/show.js";
import { signCommand } from "./commands/sign.js";
import { statusCommand } from "./commands/status.js";
import { thingCommand } from "./commands/thing.js";
import { verifyCommand } from "./commands/verify.js";
import { whyCommand } from "./commands/why.js";
import { type ContextOf, contextOn, globalWords } from "./context.js";
import { EXIT, EXIT_MEANINGS, type ExitCode } from "./exit-code.js";
import { configureHelp } from "./help/configure.js";
import { helpText } from "./help/layout.js";
import { withSubcommands } from "./help/subcommands.js";
import { usageErrorOf } from "./help/usage-error.js";
import type { Host } from "./host.js";
import { reportError } from "./report-error.js";
import { refuseEmptyPaths, refuseRepeats } from "./settings/flags.js";
import { writeResult } from "./terminal/text.js";

const HELP = `
Run \`fota <command> --help\` for the options and examples of a command.

Exit codes: ${exitCodes()}.`;

const GLOBAL_OPTIONS = `
Global options (--profile, --region, --local, --json, ...): \`fota help options\``;
const DOCUMENTATION = `Documentation: ${packageJson.homepage}`;

/** Groups the commands by purpose, each group with its title in the help. */
const COMMANDS = [
  ["Publish:", [publishCommand, promoteCommand, rolloutCommand, rehearseCommand, deltaCommand]],
  [
    "Follow:",
    [statusCommand, listCommand, showCommand, whyCommand, fleetCommand, reportCommand, dashboardCommand],
  ],
  ["Fix:", [retryCommand, cancelCommand, deleteCommand]],
  ["Sign:", [keygenCommand, signCommand, verifyCommand]],
  ["Set up:", [initCommand, doctorCommand, thingCommand]],
  ["Try without AWS:", [localCommand, deviceCommand]],
] as const;

/** Creates the program. `exitWith` receives the exit code of a command that finished. */
export function createProgram(contextOf: ContextOf, host: Host, exitWith: (code: ExitCode) => void): Command {
  const program = new Command("fota")
    .usage("<command> [options]")
    .description("Publish firmware to AWS IoT things and follow the update until it ends.")
    .version(packageJson.version, "-v, --version", "print the version")
    .addOption(new Option("-V", "the same").hideHelp())
    .on("option:V", () => {
      writeResult(host.stdout, `${packageJson.version}\n`);
      throw new CommanderError(0, "commander.version", packageJson.version);
    })
    .option("--profile <name>", "AWS profile (AWS_PROFILE)")
    .option("--region <name>", "AWS region (AWS_REGION)")
    .option(
      "--endpoint-url <url>",
      "URL of all AWS services (AWS_ENDPOINT_URL, or AWS_ENDPOINT_URL_<SERVICE> for one)",
    )
    .option("--local", "use the running `fota local`")
    .option("--json", "print the result as one JSON value")
    .option("-q, --quiet", "print only results, warnings and errors")
    .option("--debug", "print each request to AWS on stderr, without secrets (FOTA_DEBUG=1)")
    .option("--no-color", "print without colors (NO_COLOR)")
    .option("--config <file>", "settings file (FOTA_CONFIG)")
    .addHelpText("after", helpText(HELP))
    .addHelpText("afterAll", helpText(GLOBAL_OPTIONS))
    .addHelpText("afterAll", DOCUMENTATION);
  for (const [group, commands] of COMMANDS) {
    program.commandsGroup(group);
    for (const command of commands) program.addCommand(command(contextOf, exitWith));
  }
  program.commandsGroup("Shell and help:");
  program.addCommand(completionCommand(host)).addCommand(helpCommand(program, host));
  program.addCommand(completeCommand(host), { hidden: true });
  program.hook("preAction", (_program, command) => {
    if (command.name() !== "complete") checkWords(command); // the words of a completion are incomplete
  });
  for (const command of withSubcommands(program)) {
    refuseRepeats(command);
    refuseEmptyPaths(command);
    configureHelp(command, host, () => program.opts()["color"] !== false);
    command.helpOption("-h, --help", "print this help").exitOverride((error) => {
      throw error.exitCode === 0 ? error : usageErrorOf(error, command);
    });
  }
  // Global options have their own help page, which every help mentions.
  return program.configureHelp({ ...program.configureHelp(), visibleOptions: () => [] });
}

/** Runs one command line, given without the program's name, and returns its exit code. */
export async function run(argv: readonly string[], host: Host): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const program = createProgram(contextOn(host), host, (code) => {
    exitCode = code;
  });
  try {
    if (argv.length === 0) program.help();
    leaveVersionTo(program, argv);
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    // An error may occur before the options are parsed, so look for them here.
    const [json, color] = [argv.includes("--json"), !argv.includes("--no-color")];
    return reportError(error, host, { json, color, globals: globalWords(program.opts()) });
  }
}

/**
 * Leaves `--version` to the command if that has an option of this name, as `fota fleet` has: commander takes an option of
 * the program anywhere on the line.
 */
function leaveVersionTo(program: Command, argv: readonly string[]): void {
  const takesValue = (word: string) =>
    program.options.some(({ long, short, required }) => required && (long === word || short === word));
  const name = argv.find((word, i) => !word.startsWith("-") && !takesValue(argv[i - 1] ?? ""));
  const command = program.commands.find((each) => each.name() === name);
  if (command?.options.every(({ long }) => long !== "--version") ?? true) return;
  for (const option of program.options) if (option.long === "--version") delete option.long;
}

function exitCodes(): string {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[];
  return names.map((name) => `${EXIT[name]} ${EXIT_MEANINGS[name]}`).join(", ");
}
