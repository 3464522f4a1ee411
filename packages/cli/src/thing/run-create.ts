import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { publishNeeds } from "../image/publish-command.js";
import { findStandIn } from "../stand-in/find.js";
import { readCa } from "../stand-in/read-ca.js";
import { create, preview } from "./create.js";
import { readIdentity } from "./folder.js";
import { formatCreation } from "./format-create.js";
import { planCreate } from "./plan-create.js";
import { amazonRoot, type Root } from "./roots.js";
import { type CreateOptions, readSpec } from "./spec.js";

/** @throws {FotaError} TARGET_INVALID, USAGE, IDENTITY_INVALID, GROUP_NOT_FOUND, FILE_ACCESS, and translated AWS errors */
export async function runCreate(context: Context, name: string, options: CreateOptions): Promise<void> {
  const { host, output, settings } = context;
  const spec = await readSpec(name, options, host.cwd);
  const files = await readIdentity(spec);
  await withIot(context, async (iot) => {
    const root = await rootOf(context);
    const plan = await output.during(`looking for thing ${name}`, () =>
      planCreate(iot, spec, { files, root }),
    );
    for (const warning of plan.warnings) output.warn(warning);
    const made = await (options.dryRun === true
      ? preview(iot, plan)
      : output.during(`creating thing ${name}`, () => create(iot, plan)));
    const publish = publishNeeds({ file: settings.file, env: host.env });
    output.result(made, formatCreation(made, output, { cwd: host.cwd, publish }));
  });
}

async function rootOf({ settings, host }: Context): Promise<Root> {
  if (!settings.local) return amazonRoot();
  const { ca } = await findStandIn(settings.iotEndpoint, host);
  return { file: "ca.pem", pem: await readCa(ca), signsDownloads: true };
}
