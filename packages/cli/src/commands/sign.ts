import { Command } from "commander";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import type { SignOptions } from "../sign/run.js";
import { withFactOptions, withSignerOptions } from "./signing-options.js";

const HELP = `
<file> is what \`fota publish --dry-run --json\` prints, a job document, or a key set;
- reads stdin. fota prints the signed document, which \`fota publish --document\`
takes. Signatures that are there stay, so that several people can sign one after
the other. Only a KMS key needs access to AWS. docs/signing.md shows it step by step.

Devices refuse a sequence number below the one that they confirmed last. Version
gives major * 65536 + minor * 256 + patch. The time of the signature is signed too
if the document has a sequence number, --for or --allow-downgrade.

Examples:
  $ fota sign plan.json --sign release-2026.pem --seq version --out signed.json
  $ fota sign signed.json --sign bob=/media/usb/bob.pem --out signed.json
  $ fota sign plan.json --sign-with ./hsm-sign.sh --public-key hsm-2026.pub
  $ fota sign plan.json --sign release=kms:alias/firmware@eu-west-1
  $ fota sign keys-2027.json --sign root.pem --out keys-2027.signed.json`;

export function signCommand(contextOf: ContextOf): Command {
  const command = new Command("sign")
    .summary("sign a job document or a key set")
    .description("Sign a job document, or a change of the keys that devices trust, without access to AWS.")
    .argument("<file>", "job document, output of `fota publish --json`, key set, or - for stdin");
  return withFactOptions(withSignerOptions(command))
    .option("--signed-at <time|now>", "time of the signature (UTC)")
    .option("--out <file>", "file for the signed document (default: stdout)")
    .addHelpText("after", helpText(HELP))
    .action(async (file: string, options: SignOptions, command: Command) => {
      const { runSign } = await import("../sign/run.js");
      await runSign(await contextOf(command), file, options);
    });
}
