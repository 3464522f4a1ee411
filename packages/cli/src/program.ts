import { Command } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { checkWords } from "./command-words.js";
import { cancelCommand } from "./commands/cancel.js";
import { completeCommand, completionCommand } from "./commands/completion.js";
import { deleteCommand } from "./commands/delete.js";
import { deviceCommand } from "./commands/device.js";
import { doctorCommand } from "./commands/doctor.js";
import { initCommand } from "./commands/init.js";
import { listCommand } from "./commands/list.js";
import { localCommand } from "./commands/local.js";
import { promoteCommand } from "./commands/promote.js";
import { publishCommand } from "./commands/publish.js";
import { retryCommand } from "./commands/retry.js";
import { showCommand } from "./commands/show.js";
import { statusCommand } from "./commands/status.js";
import { whyCommand } from "./commands/why.js";
import { type ContextOf, contextOn, globalWords } from "./context.js";
import { EXIT, EXIT_MEANINGS, type ExitCode } from "./exit-code.js";
import type { Host } from "./host.js";
import { reportError } from "./report-error.js";
import { refuseEmptyPaths, refuseRepeats } from "./settings/flags.js";
import { columnsOf } from "./terminal/size.js";
import { writeResult } from "./terminal/text.js";
import { wrapWords } from "./terminal/wrap.js";

const HELP = `
Settings come from options, then AWS_* and FOTA_* variables, then
fota.config.json, looked for from here up to the top of the repository or your
home folder. A file that another user may have written is ignored, unless
--config names it. Results go to stdout, everything else to stderr; with --json
the last line there tells of a failure: {"error": {code, message, hint}}.

${wrapWords(`Exit codes: ${exitCodes()}.`, 80)}

Try it without an AWS account: fota local --help`;

/** Commander breaks words below that. */
const HELP_COLUMNS_MIN = 40;

/** `exitWith` gets the exit code of a command that came to its end. */
export function createProgram(contextOf: ContextOf, host: Host, exitWith: (code: ExitCode) => void): Command {
  const program = new Command("fota")
    .description("Publish firmware to AWS IoT things and follow the update to its end.")
    .version(packageJson.version, "-V, --version", "print the version")
    .helpCommand("help [command]", "print the help of a command")
    .option("--profile <name>", "AWS profile (AWS_PROFILE)")
    .option("--region <name>", "AWS region (AWS_REGION)")
    .option("--endpoint-url <url>", "where all AWS services are (AWS_ENDPOINT_URL, also for each service)")
    .option("--local", "use the running `fota local`")
    .option("--json", "print the result as one JSON value")
    .option("--quiet", "print results, warnings and errors only")
    .option("--no-color", "no colors (NO_COLOR)")
    .option("--config <file>", "settings file (FOTA_CONFIG)")
    .addHelpText("after", HELP);
  for (const command of [
    initCommand,
    doctorCommand,
    publishCommand,
    statusCommand,
    listCommand,
    showCommand,
    whyCommand,
    cancelCommand,
    retryCommand,
    promoteCommand,
    deleteCommand,
    localCommand,
    deviceCommand,
  ]) {
    program.addCommand(command(contextOf, exitWith));
  }
  program.hook("preAction", (_program, command) => {
    if (command.name() !== "complete") checkWords(command); // which are not typed to their end
  });
  program.addCommand(completionCommand(host));
  program.addCommand(completeCommand(host), { hidden: true });
  for (const command of [program, ...program.commands]) {
    refuseRepeats(command);
    refuseEmptyPaths(command);
    command.configureHelp({ showGlobalOptions: true }).helpOption("-h, --help", "print this help");
    command.exitOverride().configureOutput({
      writeOut: (text) => writeResult(host.stdout, text),
      outputError: () => {}, // said once, by reportError
      getOutHelpWidth: () => Math.min(Math.max(HELP_COLUMNS_MIN, columnsOf(host.stdout)), 100),
    });
  }
  return program;
}

/** Runs one command line, without the program's own name, to its exit code. */
export async function run(argv: readonly string[], host: Host): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const program = createProgram(contextOn(host), host, (code) => {
    exitCode = code;
  });
  try {
    if (argv.length === 0) program.help();
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    // A fault may come before the options are read, so that they are looked for here.
    const [json, color] = [argv.includes("--json"), !argv.includes("--no-color")];
    return reportError(error, host, { json, color, globals: globalWords(program.opts()) });
  }
}

function exitCodes(): string {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[];
  return names.map((name) => `${EXIT[name]} ${EXIT_MEANINGS[name]}`).join(", ");
}
