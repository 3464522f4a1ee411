import { FotaError, isFotaError } from "@fota/shared";
import { readConfigFile } from "./config-file.js";
import type { FileSettings } from "./config-schema.js";
import type { Host } from "./host.js";

/** The options that every command takes, as commander names them. */
export interface GlobalOptions {
  profile?: string;
  region?: string;
  endpointUrl?: string;
  local?: boolean;
  json?: boolean;
  quiet?: boolean;
  /** commander sets it to false for `--no-color`. */
  color: boolean;
  config?: string;
}

/** How to reach AWS, settled from flags, then the environment, then the file. What is absent is left to the AWS SDK. */
export interface Settings {
  profile: string | undefined;
  region: string | undefined;
  iotEndpoint: string | undefined;
  s3Endpoint: string | undefined;
  iamEndpoint: string | undefined;
  stsEndpoint: string | undefined;
  /** Talk to the running `fota local`. */
  local: boolean;
  /** What only some commands ask for. */
  file: FileSettings;
  /** Where the file is, if there is one. */
  filePath: string | undefined;
}

/**
 * @throws {FotaError} ENDPOINT_INVALID; CONFIG_INVALID, unless `onConfigFault` takes it: then the file counts as none
 */
export async function readSettings(
  options: Omit<GlobalOptions, "color">,
  host: Pick<Host, "env" | "cwd">,
  onConfigFault?: (fault: FotaError) => void,
): Promise<Settings> {
  const { env } = host;
  const found = await readConfigFile(host.cwd, options.config ?? nonEmpty(env["FOTA_CONFIG"])).catch(
    (error: unknown) => {
      if (onConfigFault === undefined || !isFotaError(error)) throw error;
      onConfigFault(error);
      return undefined;
    },
  );
  const file = found?.settings ?? {};
  const endpointOf = (service: string) =>
    checkedUrl(
      options.endpointUrl ??
        nonEmpty(env[`AWS_ENDPOINT_URL_${service}`]) ??
        nonEmpty(env["AWS_ENDPOINT_URL"]) ??
        file.endpointUrl,
      "the endpoint",
    );
  return {
    profile: options.profile ?? nonEmpty(env["AWS_PROFILE"]) ?? file.profile,
    // AWS_DEFAULT_REGION is what the aws command reads; the SDK for JavaScript does not.
    region:
      options.region ?? nonEmpty(env["AWS_REGION"]) ?? nonEmpty(env["AWS_DEFAULT_REGION"]) ?? file.region,
    iotEndpoint: endpointOf("IOT"),
    s3Endpoint: endpointOf("S3"),
    iamEndpoint: endpointOf("IAM"),
    stsEndpoint: endpointOf("STS"),
    local: options.local ?? file.local ?? false,
    file,
    filePath: found?.path,
  };
}

/**
 * Whether large images go up in parts: several connections at once are faster over a network, and what was sent before
 * an interruption need not be sent again. To a server on this machine one request is twice as fast.
 */
export function uploadsInParts({ local, s3Endpoint }: Pick<Settings, "local" | "s3Endpoint">): boolean {
  if (local) return false;
  const host = s3Endpoint === undefined ? "" : new URL(s3Endpoint).hostname;
  return !/^(localhost|127\.[\d.]+|\[::1\])$/.test(host);
}

export function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

/** Without a slash at its end. @throws {FotaError} ENDPOINT_INVALID, naming `what` it is */
export function checkedUrl(text: string | undefined, what: string): string | undefined {
  if (text === undefined) return undefined;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, "");
  throw new FotaError("ENDPOINT_INVALID", `${what} ${JSON.stringify(text)} is not an http or https URL`, {
    hint: "write it whole, such as http://127.0.0.1:4566",
  });
}
