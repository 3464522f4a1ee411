import { FotaError } from "@fota/shared";
import { endpointIn, type Settings } from "../settings/settings.js";
import type { SharedConfig } from "./shared-config.js";

export type Service = "iot" | "s3" | "iam" | "kms" | "sts";

/**
 * Returns the endpoint of a service from the profile: its `services` section, then its own `endpoint_url`.
 * @throws {FotaError} CONFIG_INVALID when the section is missing, ENDPOINT_INVALID
 */
function endpointOfProfile(service: Service, profile: string, shared: SharedConfig): string | undefined {
  const section = shared.profiles[profile];
  if (section === undefined) return undefined;
  const name = section["services"];
  const services = name === undefined ? undefined : shared.services[name];
  if (name !== undefined && services === undefined) {
    throw new FotaError(
      "CONFIG_INVALID",
      `profile ${profile} names the services section ${name}, which ${shared.configPath} does not have`,
      { hint: `add [services ${name}] there, or take \`services\` out of the profile` },
    );
  }
  return endpointIn(
    services?.[`${service}.endpoint_url`] ?? section["endpoint_url"],
    `endpoint_url of profile ${profile}`,
  );
}

/** Returns whether the profile says that endpoints in the environment and in AWS's files have no effect. */
function ignoresEndpoints(profile: string, { profiles }: SharedConfig): boolean {
  return profiles[profile]?.["ignore_configured_endpoint_urls"]?.toLowerCase() === "true";
}

/**
 * Finds the endpoint of each service as the AWS tools do: `--endpoint-url`, the service's own variable,
 * AWS_ENDPOINT_URL, fota.config.json, the profile's `services` section, its `endpoint_url`.
 * @throws {FotaError} CONFIG_INVALID, ENDPOINT_INVALID
 */
export function configuredEndpoints(
  settings: Pick<Settings, "endpoints" | "ignoreEndpoints">,
  profile: string,
  shared: SharedConfig,
): (service: Service) => { endpoint: string | undefined; ofAwsTools: string | undefined } {
  const ignored = settings.ignoreEndpoints || ignoresEndpoints(profile, shared);
  return (service) => {
    const { flag, environment, file } = settings.endpoints[service];
    const ofProfile = ignored ? undefined : endpointOfProfile(service, profile, shared);
    const ofAwsTools = (ignored ? undefined : environment) ?? ofProfile;
    return { endpoint: flag ?? (ignored ? undefined : environment) ?? file ?? ofProfile, ofAwsTools };
  };
}
