import { writeSync } from "node:fs";
import packageJson from "../package.json" with { type: "json" };
import { bundleLoader } from "./code-cache.js";

/**
 * scripts/build.mjs sets these: the module with the whole program, the file of each module, the names of the commands.
 */
declare const MAIN_MODULE: string;
declare const MODULE_FILES: Readonly<Record<string, string>>;
declare const COMMAND_NAMES: readonly string[];

const argv = process.argv.slice(2);
// Every installer and prompt asks for the version, so print it before loading anything else.
const isVersion = argv.length === 1 && ["--version", "-v", "-V"].includes(argv[0] ?? "");
if (!isVersion || !printVersion()) {
  const command = argv.find((word) => COMMAND_NAMES.includes(word)) ?? "help";
  bundleLoader(__dirname, MODULE_FILES, command)(MAIN_MODULE);
}

/**
 * Prints the version; returns false if stdout refuses it, as on a full disk: the full program then fails too and
 * reports it.
 */
function printVersion(): boolean {
  try {
    return writeSync(1, `${packageJson.version}\n`) > 0;
  } catch {
    return false;
  }
}
