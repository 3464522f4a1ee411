import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import { collect } from "../settings/flags.js";
import type { VerifyOptions } from "../verify/run.js";

const HELP = `
fota verifies as a device does: it counts the different keys whose signature is
right. A file needs no AWS access. The exit code is 0 if enough keys signed, the
document has not expired and every --image is an image of it, else 1.

A key set is verified against the set before it: give that with --keys. A list of
key sets, as publish takes it, is verified against the set that a device has.

Examples:
  $ fota verify signed.json --key release-2026.pem.pub --image app.bin
  $ fota verify fota-1-4-0 --keys keys.json
  $ fota publish app.bin --to pump-1 --sign ann.pem --dry-run --json |
      fota verify - --key ann.pem.pub`;

export function verifyCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("verify")
    .summary("verify the signatures of a job document or a key set")
    .description("Verify who signed a job document or a key set, and compare its images.")
    .argument("<file|job>", "file, - for stdin, or what names a job")
    .option("--key <key>", "public key to trust: [id=]file; repeatable", collect)
    .option("--keys <file>", "key set to trust: {version, threshold, keys}")
    .option("--threshold <number>", "how many keys must sign (default: as in --keys, else 1)")
    .option("--image <image>", "image to compare: [slot=]file; repeatable", collect)
    .addHelpText("after", helpText(HELP))
    .action(async (target: string, options: VerifyOptions, command: Command) => {
      const { runVerify } = await import("../verify/run.js");
      exitWith(await runVerify(await contextOf(command), target, options));
    });
}
