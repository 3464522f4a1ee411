import { type Command, Option } from "commander";
import { collect } from "../settings/flags.js";

/** Of a job that orders again what another one did: `idSource` is what its id is made from. */
export function withOldOrderOptions(command: Command, idSource: string): Command {
  return command
    .optionsGroup("URL:")
    .option("--presign <who>", "cli: here, once; iot: AWS IoT, when a device asks (default: as it was)")
    .option("--role <name>", "role that AWS IoT presigns as, name or ARN (default: as it was)")
    .option("--expires <duration>", "how long a URL works: up to 7d, with iot 1h (FOTA_EXPIRES)")
    .optionsGroup("Order:")
    .option("--legacy", "refuse what devices with the original library do not survive")
    .option("--job-id <id>", `default: made from ${idSource}`)
    .option("--description <text>", "for people (default: as it was)")
    .option("--tag <key=value>", "tag of the job; repeatable", collect);
}

export function withRolloutOptions(command: Command): Command {
  return command
    .optionsGroup("Rollout:")
    .option("--rollout <name>", "preset of fota.config.json; the options below come before it")
    .option("--rate <things>", "things a minute: 50/min")
    .option("--ramp <rule>", 'faster step by step: "10/min x2 after 50 succeeded"')
    .option("--abort-on <rule>", 'cancel on failures: "failed>10% after 20"; repeatable', collect)
    .option("--thing-timeout <duration>", "longest time that one thing may be in progress: 30m")
    .option("--retry <rule>", 'try again on a thing: "failed:2,timed-out:1"')
    .option("--start <time>", 'when to begin: "2026-12-01 02:00" (UTC) or +2h')
    .option("--end <time>", "when to stop, likewise")
    .option("--at-end <what>", "stop, cancel or force-cancel what is not done then");
}

/** Maintenance windows are for jobs that things may join. */
export function withWindowOption(command: Command): Command {
  return command.option(
    "--window <rule>",
    'only then: "0 2 * * * 120m"; with --continuous; repeatable',
    collect,
  );
}

export function withRunningOptions(command: Command): Command {
  return command
    .optionsGroup("Running:")
    .option("-n, --dry-run", "check everything, show the plan, change nothing")
    .option("-y, --yes", "do not ask before a job for many things")
    .option("--wait", "follow the job to its end; exit code 3 if things did not succeed")
    .option("--timeout <duration>", "longest time to --wait: 30m, 2h")
    .addOption(new Option("--wait-timeout <duration>", "former name of --timeout").hideHelp());
}
