import type { Command } from "commander";
import { collect } from "../settings/flags.js";

/** Adds the options that name the keys which sign. */
export function withSignerOptions(command: Command): Command {
  return command
    .optionsGroup("Signature:")
    .option("--sign <key>", "key to sign with: [id=]file or [id=]kms:<key>[@region]; repeatable", collect)
    .option("--sign-with <command>", "command that signs: statement on stdin, 64 bytes or base64 on stdout")
    .option("--public-key <key>", "[id=]file of the public key of --sign-with")
    .option("--passphrase-file <file>", "file whose first line opens the keys (FOTA_PASSPHRASE)");
}

/** Adds the options for facts that a signature covers. */
export function withFactOptions(command: Command): Command {
  return command
    .option("--seq <number|version>", "sequence number, which must not fall; version: computed from it")
    .option("--for <thing>", "thing that the document is for, others refuse it; repeatable", collect)
    .option("--allow-downgrade", "let devices install a version below their own")
    .option("--valid-until <time>", 'last time to start the update: "2027-06-01 00:00" (UTC)')
    .option("--any-model", "sign a document without a model, which every product accepts");
}
