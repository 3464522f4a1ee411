import { FotaError, hintOf, isFotaError } from "@fota/shared";
import { openCloud } from "../aws/cloud.js";
import { openS3 } from "../aws/s3.js";
import { withService } from "../aws/service.js";
import { accessOf } from "../connect/access-of.js";
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { resolveBucket, resolvePrefix } from "../image/image-spec.js";
import { resolveSlots, slotsOfRawImage } from "../image/slot-choice.js";
import { jobSpecOf } from "../job/job-spec.js";
import { parseTargets } from "../job/targets.js";
import { readVariable } from "../settings/stray-character.js";
import type { Output } from "../terminal/output.js";
import { diagnose } from "./doctor.js";
import { formatDiagnosis } from "./format.js";
import type { Diagnosis } from "./result.js";
import { checkSigning } from "./signing.js";
import type { Finding } from "./verdict.js";

/** Holds the options of `fota doctor`, as commander names them. */
export interface DoctorOptions {
  to?: string[];
  bucket?: string;
  prefix?: string;
  presign?: string;
  role?: string;
  expires?: string;
  legacy?: boolean;
  package?: string;
  keys?: string;
  fix?: boolean;
  yes?: boolean;
}

/** Runs `fota doctor`. @throws {FotaError} DECLINED, INTERRUPTED; any other failure is a finding */
export async function runDoctor(
  context: Context,
  options: DoctorOptions,
  configFault: FotaError | undefined,
): Promise<ExitCode> {
  const { output } = context;
  const { fix = false, yes = false } = options;
  if (fix && !yes && !output.canAsk) {
    throw new FotaError("DECLINED", "--fix asks before it changes something, and stdin is not a terminal", {
      hint: "add --yes to let it make changes without asking",
    });
  }
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

/** Fixes what `--fix` can and returns the names of the fixed checks. */
async function repair(
  context: Context,
  findings: readonly Finding[],
  yes: boolean,
  show: (diagnosis: Diagnosis) => string,
): Promise<string[]> {
  const { output, host } = context;
  const fixable = findings.flatMap(({ check, fix }) => (fix === undefined ? [] : [{ check, fix }]));
  if (fixable.length === 0) return [];
  if (!yes) output.note(`${show(diagnosisOf(findings, [], output))}\n`);
  return await withService(openS3(await accessOf(context), host.signal), async (s3) => {
    const fixed: string[] = [];
    for (const { check, fix } of fixable) {
      if (!yes && !(await output.confirm(fix.question))) continue;
      await fix.apply(s3);
      fixed.push(check);
    }
    return fixed;
  });
}

/** Returns the findings; if the checks cannot start, the error is the finding. */
async function findingsOf(
  context: Context,
  options: DoctorOptions,
  configFault: FotaError | undefined,
): Promise<Finding[]> {
  const { host, settings } = context;
  const config = [
    configFinding(context, configFault),
    ...(await checkSigning(context, options.keys, () => accessOf(context))),
  ];
  const { env } = host;
  const { file } = settings;
  const { to = [] } = options;
  try {
    const sources = { file, env, now: new Date() };
    const targets = to.length === 0 ? [] : parseTargets(to, Number.POSITIVE_INFINITY);
    const place = {
      slots: slotsOfRawImage(resolveSlots({}, sources)),
      bucket: resolveBucket(options, sources),
      prefix: resolvePrefix(options, sources),
    };
    const spec = jobSpecOf(options, targets, sources);
    const role = options.role ?? readVariable(env, "FOTA_ROLE") ?? file.role;
    const access = await accessOf(context);
    const end = new AbortController();
    const cloud = openCloud(access, AbortSignal.any([host.signal, end.signal]));
    try {
      const found = await diagnose({ spec, ...place, role }, cloud);
      return [...config, ...found];
    } finally {
      end.abort();
      cloud.close();
    }
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    const check = error.code === "LOCAL_NOT_RUNNING" ? "fota local" : "settings";
    return [...config, { check, status: "fail", message: error.message, hint: hintOf(error) }];
  }
}

function configFinding({ settings }: Context, fault: FotaError | undefined): Finding {
  if (fault !== undefined) {
    return { check: "config", status: "fail", message: fault.message, hint: hintOf(fault) };
  }
  const { filePath, file } = settings;
  if (filePath === undefined) {
    const message =
      "no fota.config.json in this folder or above it; settings come from options and the environment";
    return {
      check: "config",
      status: "ok",
      message,
      hint: { text: "run <command> to write one", command: ["init"] },
    };
  }
  const keys = Object.keys(file).filter((key) => key !== "$schema");
  return { check: "config", status: "ok", message: `${filePath} sets ${keys.join(", ") || "nothing"}` };
}
