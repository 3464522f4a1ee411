import { check } from "../check/check.js";
import { type Finding, formatFinding } from "../check/finding.js";
import { configPath } from "../config/read.js";
import type { Command } from "../program/program.js";
import { COMMON_HELP, configOf, configSource, JSON_OPTION } from "./device.js";

const HELP = `Usage: fota-agent check [options]

Checks the configuration, certificate and key, clock, state folder, slots, boot
loader, disk space and broker, and tells what to do. Changes nothing. Exits with
1 if a check fails.

${COMMON_HELP}`;

export const checkCommand: Command = {
  summary: "check all that an update needs",
  help: HELP,
  options: JSON_OPTION,
  args: [],
  async run(input, host) {
    const isJson = input.values["json"] === true;
    const checks: Finding[] = [];
    for await (const finding of check({
      read: () => configOf(input, host),
      env: host.env,
      configPath: configPath(configSource(input, host)),
      nowMs: Date.now(),
    })) {
      checks.push(finding);
      if (!isJson) host.out(formatFinding(finding));
    }
    const ok = checks.every(({ status }) => status !== "fail");
    if (isJson) host.out(`${JSON.stringify({ ok, checks }, null, 2)}\n`);
    return ok ? 0 : 1;
  },
};
