import { FotaError, hintOf, isFotaError } from "@fota/shared";
import { Command } from "commander";
import type { Context, ContextOf } from "../context.js";
import type { Diagnosis } from "../doctor/result.js";
import type { Finding } from "../doctor/verdict.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { collect } from "../settings/flags.js";
import { readVariable } from "../settings/stray-character.js";
import type { Output } from "../terminal/output.js";

interface DoctorOptions {
  to?: string[];
  bucket?: string;
  prefix?: string;
  presign?: string;
  role?: string;
  expires?: string;
  legacy?: boolean;
  fix?: boolean;
  yes?: boolean;
}

const HELP = `
Changes nothing, unless --fix is given: then it asks before it blocks public
access of the bucket and before it switches on versioning.

Examples:
  $ fota doctor
  $ fota doctor --to thermostat-7 --to group:beta --bucket fw-releases
  $ fota doctor --presign iot --role fota-presign --legacy
  $ fota doctor --fix --yes

Exit codes: 0 nothing failed (there may be warnings), 1 something did.`;

export function doctorCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("doctor")
    .summary("check the settings and the AWS account; say what to do")
    .description(
      "Check settings, credentials, clock, bucket, role, endpoints, limits, targets and permissions, and say what to do about each.",
    )
    .option("--to <target>", "thing, group:<name> or ARN to look at too; repeatable", collect)
    .option("--bucket <name>", "S3 bucket for the images (FOTA_BUCKET)")
    .option("--prefix <path>", "start of the objects' keys (FOTA_PREFIX; default: fota)")
    .option("--presign <who>", "cli or iot, as publish would be told (default: cli)")
    .option("--role <name>", "role that AWS IoT presigns as (FOTA_ROLE)")
    .option("--expires <duration>", "how long URLs shall work (FOTA_EXPIRES)")
    .option("--legacy", "also what devices with the original library do not survive")
    .option("--fix", "repair what is safe to repair, after asking")
    .option("--yes", "do not ask before --fix changes something")
    .addHelpText("after", HELP)
    .action(async (options: DoctorOptions, command: Command) => {
      let configFault: FotaError | undefined;
      const context = await contextOf(command, (fault) => {
        configFault = fault;
      });
      exitWith(await runDoctor(context, options, configFault));
    });
}

async function runDoctor(
  context: Context,
  options: DoctorOptions,
  configFault: FotaError | undefined,
): Promise<ExitCode> {
  const { output } = context;
  const { fix = false, yes = false } = options;
  if (fix && !yes && !output.canAsk) {
    throw new FotaError("DECLINED", "--fix asks before it changes something, and nobody is there to answer", {
      hint: "add --yes to let it change what it finds",
    });
  }
  const { formatDiagnosis } = await import("../doctor/format.js");
  const show = (diagnosis: Diagnosis) => formatDiagnosis(diagnosis, output.paint, output.columns);
  const look = () => output.during("looking", () => findingsOf(context, options, configFault));
  let findings = await look();
  const fixed = fix ? await repair(context, findings, yes, show) : [];
  if (fixed.length > 0) findings = await look();
  const diagnosis = diagnosisOf(findings, fixed, output);
  output.result(diagnosis, show(diagnosis));
  return diagnosis.ok ? EXIT.done : EXIT.failed;
}

function diagnosisOf(findings: readonly Finding[], fixed: string[], { hintText }: Output): Diagnosis {
  const checks = findings.map(({ check, status, message, hint }) => ({
    check,
    status,
    message,
    ...(hint !== undefined && { hint: hintText(hint) }),
  }));
  return { ok: checks.every(({ status }) => status !== "fail"), checks, fixed };
}

/** Names of the checks whose fault it took away. */
async function repair(
  { output, host, access }: Context,
  findings: readonly Finding[],
  yes: boolean,
  show: (diagnosis: Diagnosis) => string,
): Promise<string[]> {
  const fixable = findings.flatMap(({ check, fix }) => (fix === undefined ? [] : [{ check, fix }]));
  if (fixable.length === 0) return [];
  if (!yes) output.note(`${show(diagnosisOf(findings, [], output))}\n`);
  const { openBuckets } = await import("../aws/buckets.js");
  const buckets = openBuckets(await access(), host.signal);
  const fixed: string[] = [];
  try {
    for (const { check, fix } of fixable) {
      if (!yes && !(await output.confirm(fix.question))) continue;
      await fix.apply(buckets);
      fixed.push(check);
    }
    return fixed;
  } finally {
    buckets.close();
  }
}

/** What stands in the way of looking is a finding too. */
async function findingsOf(
  context: Context,
  options: DoctorOptions,
  configFault: FotaError | undefined,
): Promise<Finding[]> {
  const { host, settings } = context;
  const config = configFinding(context, configFault);
  const [{ resolveBucket, resolvePrefix, resolveSlot }, { jobSpecOf }, { parseTargets }] = await Promise.all([
    import("../image/image-spec.js"),
    import("../job/job-spec.js"),
    import("../job/targets.js"),
  ]);
  const { env } = host;
  const { file } = settings;
  const { to = [] } = options;
  try {
    const sources = { file, env, now: new Date() };
    const targets = to.length === 0 ? [] : parseTargets(to, Number.POSITIVE_INFINITY);
    const place = {
      slot: resolveSlot({}, sources),
      bucket: resolveBucket(options, sources),
      prefix: resolvePrefix(options, sources),
    };
    const spec = jobSpecOf(options, targets, sources);
    const role = options.role ?? readVariable(env, "FOTA_ROLE") ?? file.role;
    const access = await context.access();
    const [{ openCloud }, { diagnose }] = await Promise.all([
      import("../aws/cloud.js"),
      import("../doctor/doctor.js"),
    ]);
    const end = new AbortController();
    const cloud = openCloud(access, AbortSignal.any([host.signal, end.signal]));
    try {
      const found = await diagnose({ spec, ...place, role }, cloud);
      return [config, ...found];
    } finally {
      end.abort();
      cloud.close();
    }
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    const check = error.code === "LOCAL_NOT_RUNNING" ? "fota local" : "settings";
    return [config, { check, status: "fail", message: error.message, hint: hintOf(error) }];
  }
}

function configFinding({ settings }: Context, fault: FotaError | undefined): Finding {
  if (fault !== undefined) {
    return { check: "config", status: "fail", message: fault.message, hint: hintOf(fault) };
  }
  const { filePath, file } = settings;
  if (filePath === undefined) {
    const message = "no fota.config.json from here upward: options and the environment say it all";
    return {
      check: "config",
      status: "ok",
      message,
      hint: { text: "<command> writes one", command: ["init"] },
    };
  }
  const keys = Object.keys(file).filter((key) => key !== "$schema");
  return { check: "config", status: "ok", message: `${filePath} sets ${keys.join(", ") || "nothing"}` };
}
