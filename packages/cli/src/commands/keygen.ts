import { Command } from "commander";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import type { KeygenOptions } from "../keygen/run.js";

const HELP = `
The private key is PKCS#8 in PEM, which OpenSSL reads too. fota encrypts it with a
passphrase, which it asks for twice. In scripts, set FOTA_PASSPHRASE or give
--passphrase-file. <file>.pub gets the public key.

fota never replaces a file. Nobody can recover a lost key or passphrase: read
docs/signing.md before you build the key into devices.

Examples:
  $ fota keygen release-2026.pem
  $ fota keygen test.pem --no-passphrase`;

export function keygenCommand(contextOf: ContextOf): Command {
  return new Command("keygen")
    .summary("make a key that signs job documents")
    .description("Make an Ed25519 key pair that signs job documents, and print the public key.")
    .argument("<file>", "file for the private key; its name without .pem is the id of the key")
    .option("--id <name>", "id of the key in signatures (default: the name of the file)")
    .option("--passphrase-file <file>", "file whose first line is the passphrase (FOTA_PASSPHRASE)")
    .option("--no-passphrase", "do not encrypt the key: everyone who can read the file can sign")
    .addHelpText("after", helpText(HELP))
    .action(async (file: string, options: KeygenOptions, command: Command) => {
      const { runKeygen } = await import("../keygen/run.js");
      await runKeygen(await contextOf(command), file, options);
    });
}
