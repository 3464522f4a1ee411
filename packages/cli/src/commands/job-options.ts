import { type Command, Option } from "commander";
import { collect } from "../settings/flags.js";

/** Adds the options of a job that repeats another job's images; `idSource` says what its id is derived from. */
export function withRepublishOptions(command: Command, idSource: string): Command {
  return command
    .optionsGroup("URL:")
    .option(
      "--presign <who>",
      "cli: fota presigns once; iot: AWS IoT presigns on each request (default: that of the old job)",
    )
    .option(
      "--role <name>",
      "IAM role that AWS IoT presigns with, name or ARN (default: that of the old job)",
    )
    .option("--expires <duration>", "URL lifetime: up to 7d, with --presign iot up to 1h (FOTA_EXPIRES)")
    .optionsGroup("Job:")
    .option("--legacy", "refuse a job that devices with the original library would fail on")
    .option("--job-id <id>", `id of the new job (default: derived from ${idSource})`)
    .option("--description <text>", "description for people (default: that of the old job)")
    .option("--tag <key=value>", "tag of the job; repeatable", collect);
}

export function withRolloutOptions(command: Command): Command {
  return command
    .optionsGroup("Rollout:")
    .option("--rollout <name>", "preset from fota.config.json; the options below override it")
    .option("--rate <things>", "things per minute: 50/min")
    .option("--ramp <rule>", 'start slowly and speed up: "10/min x2 after 50 succeeded"')
    .option(
      "--abort-on <rule>",
      'cancel the job after too many failures: "failed>10% after 20"; repeatable',
      collect,
    )
    .option("--thing-timeout <duration>", "longest time that one thing may be in progress: 30m")
    .option("--retry <rule>", 'retries on the same thing: "failed:2,timed-out:1"')
    .option("--start <time>", 'start time: "2026-12-01 02:00" (UTC) or +2h')
    .option("--end <time>", "end time, in the same form")
    .option("--at-end <what>", "what --end does to unfinished things: stop, cancel or force-cancel");
}

/** Adds the option for maintenance windows, which only continuous jobs can have. */
export function withWindowOption(command: Command): Command {
  return command.option(
    "--window <rule>",
    'maintenance window in UTC: "0 2 * * * 120m"; needs --continuous; repeatable',
    collect,
  );
}

export function withRunningOptions(command: Command): Command {
  return command
    .optionsGroup("Running:")
    .option("-n, --dry-run", "check everything, print the plan, change nothing")
    .option("-y, --yes", "do not ask before fota creates a job for many things")
    .option("--wait", "wait until the job ends; exit 3 if some things did not succeed")
    .option("--timeout <duration>", "longest time to wait, with --wait: 30m, 2h")
    .addOption(new Option("--wait-timeout <duration>", "former name of --timeout").hideHelp());
}
