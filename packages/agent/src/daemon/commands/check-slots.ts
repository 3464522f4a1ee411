import { FotaError } from "@fota/shared";
import { checkCommandSlots } from "../../testing/check-command-slots.js";
import type { Command } from "../program/program.js";
import { COMMON_HELP, configOf, JSON_OPTION } from "./device.js";

const HELP = `Usage: fota-agent check-slots [options]

Runs the contract of slots against the executable of slots.command, on scratch
slots in a temporary folder: nothing else on the device changes. Exits with 1 if
it breaks a rule. docs/command-slots.md describes the contract.

${COMMON_HELP}`;

export const checkSlotsCommand: Command = {
  summary: "check a slot command of your own",
  help: HELP,
  options: JSON_OPTION,
  args: [],
  async run(input, host) {
    const { slots } = await configOf(input, host);
    if (slots.type !== "command") {
      throw new FotaError("CONFIG_INVALID", `slots.type is ${slots.type}, not command`, {
        hint: "set slots.type to command and slots.command to your executable, as in docs/command-slots.md; fota's own tests check the other kinds of slots",
      });
    }
    const isJson = input.values["json"] === true;
    const { command, timeoutSeconds } = slots;
    const options = { command, ...(timeoutSeconds !== undefined && { timeoutMs: timeoutSeconds * 1000 }) };
    const rules = await checkCommandSlots(options, ({ rule, fault }) => {
      if (!isJson) host.out(fault === undefined ? `ok    ${rule}\n` : `FAIL  ${rule}\n      -> ${fault}\n`);
    });
    const ok = rules.every(({ fault }) => fault === undefined);
    if (isJson) host.out(`${JSON.stringify({ ok, rules }, null, 2)}\n`);
    return ok ? 0 : 1;
  },
};
