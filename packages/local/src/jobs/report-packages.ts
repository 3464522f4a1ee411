import { AwsError } from "../errors.js";
import { existingVersion } from "../packages/package.js";
import { PACKAGE_SHADOW } from "../shadows/package-shadow.js";
import { updateShadow } from "../shadows/update-shadow.js";
import { NO_VERSION, parseDestination } from "./destination-packages.js";
import type { CommandContext } from "./world.js";

/**
 * Writes the versions that successful executions have installed to the shadow `$package` of their things, if that is
 * enabled. As at AWS, attributes that a device has written there stay, and the attributes of the version are not added.
 * Source: AWS IoT Developer Guide, "Preparing AWS IoT Jobs" and "Preparing to use Software Package Catalog".
 */
export function reportPackages(context: CommandContext): void {
  const { world } = context;
  if (world.packageConfiguration?.enabled !== true) return;
  for (const { jobId, thingName, status } of context.ended) {
    const { installs = [] } = world.jobs.get(jobId)?.packages ?? {};
    if (status !== "SUCCEEDED" || installs.length === 0) continue;
    try {
      const reported = Object.fromEntries(installs.map((arn) => installedVersion(context, arn)));
      updateShadow(context, { thingName, shadowName: PACKAGE_SHADOW, state: { reported } });
    } catch (error) {
      // The version was deleted, or the shadow is too large: the execution has succeeded all the same.
      if (!(error instanceof AwsError)) throw error;
    }
  }
}

/** Returns the member of the shadow; null removes it. @throws {AwsError} ResourceNotFound */
function installedVersion({ world }: CommandContext, arn: string) {
  const destination = parseDestination(world, arn);
  const { packageName, versionName } = destination;
  if (versionName === NO_VERSION) return [packageName, null] as const;
  existingVersion(world, destination);
  return [packageName, { version: versionName }] as const;
}
