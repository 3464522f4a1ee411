import { FotaError } from "@fota/shared";
import type { Context } from "../context.js";
import { checkBucketName, DEFAULT_PREFIX, requireBucket, resolvePrefix } from "../image/image-spec.js";
import { readVariable } from "../settings/stray-character.js";
import { cdkTemplate } from "./cdk.js";
import { cloudFormationTemplate } from "./cloudformation.js";
import type { InitOptions } from "./init.js";
import type { PrintedTemplate } from "./result.js";
import type { TemplateFormat } from "./template-format.js";
import { type TemplateNames, type TemplateParts, templateParts } from "./template-parts.js";
import { terraformTemplate } from "./terraform.js";

const PRINTERS: Readonly<Record<TemplateFormat, (parts: TemplateParts) => string>> = {
  cloudformation: cloudFormationTemplate,
  terraform: terraformTemplate,
  cdk: cdkTemplate,
};
const DEFAULT_ROLE = "fota-presign";

/** Prints a template from options and settings; makes no request. @throws {FotaError} USAGE */
export function printTemplate(context: Context, options: InitOptions, format: TemplateFormat): void {
  const { output } = context;
  const names = namesOf(context, options);
  const printed: PrintedTemplate = { format, template: PRINTERS[format](templateParts(names)) };
  output.result(printed, printed.template);
  const { bucket, prefix, role } = names;
  const presign = role === undefined ? ["--presign", "cli"] : ["--presign", "iot", "--role", role];
  const ofPrefix = prefix === DEFAULT_PREFIX ? [] : ["--prefix", prefix];
  output.note(`when it is deployed: ${output.fota("init", "--bucket", bucket, ...ofPrefix, ...presign)}`);
}

function namesOf({ host, settings }: Context, options: InitOptions): TemplateNames {
  const { env } = host;
  const { file } = settings;
  const bucket = requireBucket(options.bucket ?? readVariable(env, "FOTA_BUCKET") ?? file.bucket);
  const prefix = resolvePrefix(options, { file, env });
  const presign = options.presign ?? (options.role === undefined ? file.presign : "iot");
  const role = options.role ?? readVariable(env, "FOTA_ROLE") ?? file.role ?? DEFAULT_ROLE;
  return {
    bucket: checkBucketName(bucket),
    prefix,
    role: presign === "cli" ? undefined : checkRoleName(role),
  };
}

/** IAM API Reference, CreateRole. */
const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;

function checkRoleName(role: string): string {
  if (ROLE_NAME.test(role)) return role;
  throw new FotaError("USAGE", `${JSON.stringify(role)} is not a valid role name`, {
    hint: "give --role the name of the role to create, not an ARN, or --presign cli for a template without one",
  });
}
