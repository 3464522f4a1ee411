import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ApplyOptions } from "../delta/run-apply.js";
import type { MakeOptions } from "../delta/run-make.js";
import { helpText } from "../help/layout.js";

const HELP = `
\`fota publish --delta-from\` makes patches too: these commands are for files.

Examples:
  $ fota delta make app-1.5.bin --from app-1.4.bin --out app.patch
  $ fota delta apply app.patch --from app-1.4.bin --out app.bin
  $ fota delta info app.patch`;

const MAKE_HELP = `
fota applies the patch to see that it makes the image. Without --from, the patch
is the compressed image, which every device can use. No file is replaced.

Examples:
  $ fota delta make app-1.5.bin --from app-1.4.bin --out app.patch
  $ fota delta make app-1.5.bin --out app.compressed`;

const APPLY_HELP = `
The file appears only if the image has the digest in the patch.

Examples:
  $ fota delta apply app.patch --from app-1.4.bin --out app.bin`;

const INFO_HELP = `
Examples:
  $ fota delta info app.patch
  $ fota delta info app.patch --json`;

export function deltaCommand(contextOf: ContextOf): Command {
  return new Command("delta")
    .summary("make, apply and inspect patches between images")
    .description("Make, apply and inspect patches from one image to the next.")
    .usage("<command> [options]")
    .helpCommand(false)
    .addHelpText("after", helpText(HELP))
    .addCommand(makeCommand(contextOf))
    .addCommand(applyCommand(contextOf))
    .addCommand(infoCommand(contextOf));
}

function makeCommand(contextOf: ContextOf): Command {
  return new Command("make")
    .description("Make a patch that turns one image into another.")
    .argument("<image>", "the new image")
    .requiredOption("--out <file>", "file for the patch")
    .option("--from <image>", "the image that the devices have")
    .addHelpText("after", helpText(MAKE_HELP))
    .action(async (image: string, options: MakeOptions, command: Command) => {
      const { runMake } = await import("../delta/run-make.js");
      await runMake(await contextOf(command), image, options);
    });
}

function applyCommand(contextOf: ContextOf): Command {
  return new Command("apply")
    .description("Make the image of a patch, as a device does.")
    .argument("<patch>", "patch of `fota delta make`")
    .requiredOption("--out <file>", "file for the image")
    .option("--from <image>", "the image that the patch was made for")
    .addHelpText("after", helpText(APPLY_HELP))
    .action(async (patch: string, options: ApplyOptions, command: Command) => {
      const { runApply } = await import("../delta/run-apply.js");
      await runApply(await contextOf(command), patch, options);
    });
}

function infoCommand(contextOf: ContextOf): Command {
  return new Command("info")
    .description("Show which images a patch is for, and what it consists of.")
    .argument("<patch>", "patch of `fota delta make`")
    .addHelpText("after", helpText(INFO_HELP))
    .action(async (patch: string, _options: unknown, command: Command) => {
      const { runInfo } = await import("../delta/run-info.js");
      await runInfo(await contextOf(command), patch);
    });
}
