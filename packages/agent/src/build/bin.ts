#!/usr/bin/env node
import { parseArgs } from "node:util";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import { bundle } from "./bundle.js";

const HELP = `Usage: npx @fota/agent build ENTRY -o IMAGE [options]

Bundles a program and its dependencies into one executable file, the image for
fota-boot. It needs esbuild in the project: npm install --save-dev esbuild

  -o, --out IMAGE        file to write
  --version VERSION      replaces process.env.FIRMWARE_VERSION in the program
  -C, --conditions NAME  condition for the exports of packages; repeatable
  --help                 show this text
`;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [command, entry, ...others] = positionals;
  if (command !== "build") throw usage(`there is no command ${JSON.stringify(command ?? "")}`);
  if (entry === undefined) throw usage("the file of the program is missing");
  if (others.length > 0) throw usage(`unexpected argument ${others[0]}`);
  if (values.out === undefined || values.out === "") throw usage("--out is missing");
  const { version, conditions, out } = values;
  const { sizeBytes, md5, sha256 } = await bundle({ entry, out, version, conditions });
  process.stdout.write(
    `built ${out}: ${(sizeBytes / 1024).toFixed(1)} KiB (${sizeBytes} bytes)\nmd5     ${md5}\nsha256  ${sha256}\n`,
  );
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        out: { type: "string", short: "o" },
        version: { type: "string" },
        conditions: { type: "string", short: "C", multiple: true },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw usage(messageOf(error).split(/\.\s|\n/)[0] ?? "");
  }
}

function usage(message: string): FotaError {
  return new FotaError("USAGE", message, { hint: "run `npx @fota/agent --help`" });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!isFotaError(error)) {
    console.error(error);
    process.exitCode = 70;
    return;
  }
  console.error(`error: ${error.message} (${error.code})`);
  if (error.hint !== undefined) console.error(`hint: ${error.hint}`);
  process.exitCode = ["USAGE", "VERSION_INVALID"].includes(error.code) ? 2 : 1;
});
