import { checkCommand } from "./commands/check.js";
import { checkSlotsCommand } from "./commands/check-slots.js";
import { confirmCommand } from "./commands/confirm.js";
import { installCommand } from "./commands/install.js";
import { revertCommand } from "./commands/revert.js";
import { runCommand } from "./commands/run.js";
import { statusCommand } from "./commands/status.js";
import type { Command } from "./program/program.js";

/** The commands of `fota-agent` by name. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  run: runCommand,
  check: checkCommand,
  status: statusCommand,
  install: installCommand,
  confirm: confirmCommand,
  revert: revertCommand,
  "check-slots": checkSlotsCommand,
};
