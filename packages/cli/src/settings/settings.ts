import { FotaError, isFotaError, isLoopbackHost } from "@fota/shared";
import type { Host } from "../host.js";
import { readConfigFile } from "./config-file.js";
import type { FileSettings } from "./config-schema.js";
import { readVariable } from "./stray-character.js";

/** Holds the options that every command accepts, as commander names them. */
export interface GlobalOptions {
  profile?: string;
  region?: string;
  endpointUrl?: string;
  local?: boolean;
  json?: boolean;
  quiet?: boolean;
  debug?: boolean;
  /** False with `--no-color`, as commander sets it. */
  color: boolean;
  config?: string;
}

/** Holds a service's endpoint from each source; the first one that is set wins. */
interface StatedEndpoint {
  flag: string | undefined;
  /** The service's own variable, else AWS_ENDPOINT_URL. */
  environment: string | undefined;
  file: string | undefined;
}

/**
 * Says how to reach AWS, resolved from flags, then the environment, then the file. AWS's files supply absent values.
 */
export interface Settings {
  profile: string | undefined;
  /** `--profile`, which overrides keys in the environment. */
  profileFlag: string | undefined;
  region: string | undefined;
  /** `undefined` if AWS's files decide; they are read with the credentials. */
  iotEndpoint: string | undefined;
  s3Endpoint: string | undefined;
  endpoints: Readonly<Record<"iot" | "s3" | "iam" | "kms" | "sts", StatedEndpoint>>;
  /** AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: endpoints in the environment and in AWS's files have no effect. */
  ignoreEndpoints: boolean;
  /** True to use the running `fota local`. */
  local: boolean;
  /** Holds settings that only some commands read. */
  file: FileSettings;
  /** The path of the file, if there is one. */
  filePath: string | undefined;
  /**
   * The endpoint that only the file names, if it is not on this machine: commands show it before they send anything.
   */
  foreignEndpoint: string | undefined;
  /** Lists warnings, such as settings files that are not used. */
  warnings: string[];
}

/**
 * Reads the settings.
 * @throws {FotaError} ENDPOINT_INVALID; CONFIG_INVALID, unless `onConfigFault` handles it: the file is then ignored
 */
export async function readSettings(
  options: Omit<GlobalOptions, "color">,
  host: Pick<Host, "env" | "cwd" | "homeDir">,
  onConfigFault?: (fault: FotaError) => void,
): Promise<Settings> {
  const { env } = host;
  const warnings: string[] = [];
  const named = options.config ?? readVariable(env, "FOTA_CONFIG");
  const found = await readConfigFile(host, named, (warning) => warnings.push(warning)).catch(
    (error: unknown) => {
      if (onConfigFault === undefined || !isFotaError(error)) throw error;
      onConfigFault(error);
      return undefined;
    },
  );
  const file = found?.settings ?? {};
  const ignoreEndpoints = readVariable(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.toLowerCase() === "true";
  const flag = endpointIn(options.endpointUrl, "--endpoint-url");
  const ofFile = endpointIn(file.endpointUrl, "endpointUrl of the settings file");
  const stated = (service: string): StatedEndpoint => {
    // The flag overrides the variables, so a wrong variable is no error.
    if (flag !== undefined || ignoreEndpoints) return { flag, environment: undefined, file: ofFile };
    const own = `AWS_ENDPOINT_URL_${service}`;
    const environment =
      endpointIn(readVariable(env, own), own) ??
      endpointIn(readVariable(env, "AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL");
    return { flag, environment, file: ofFile };
  };
  const endpoints = {
    iot: stated("IOT"),
    s3: stated("S3"),
    iam: stated("IAM"),
    kms: stated("KMS"),
    sts: stated("STS"),
  };
  const first = (of: StatedEndpoint) => of.flag ?? of.environment ?? of.file;
  return {
    profile:
      options.profile ??
      readVariable(env, "AWS_PROFILE") ??
      readVariable(env, "AWS_DEFAULT_PROFILE") ??
      file.profile,
    profileFlag: options.profile,
    // The aws command reads AWS_DEFAULT_REGION; the SDK for JavaScript does not.
    region:
      options.region ??
      readVariable(env, "AWS_REGION") ??
      readVariable(env, "AWS_DEFAULT_REGION") ??
      file.region,
    iotEndpoint: first(endpoints.iot),
    s3Endpoint: first(endpoints.s3),
    endpoints,
    ignoreEndpoints,
    local: options.local ?? file.local ?? false,
    file,
    filePath: found?.path,
    foreignEndpoint: Object.values(endpoints)
      .map(foreignIn)
      .find((endpoint) => endpoint !== undefined),
    warnings,
  };
}

/** Holds the sources of options that are not given. */
export interface SettingSources {
  file: FileSettings;
  env: Readonly<Record<string, string | undefined>>;
}

/** Returns the endpoint that only the settings file names, if it is not on this machine. */
function foreignIn({ flag, environment, file }: StatedEndpoint): string | undefined {
  const counts = flag === undefined && environment === undefined && file !== undefined;
  return counts && !isLoopback(file) ? file : undefined;
}

/**
 * Returns whether large images are uploaded in parts: over a network, several connections are faster, and an
 * interrupted upload can resume. To a server on this machine, one request is twice as fast.
 */
export function uploadsInParts({ local, s3Endpoint }: Pick<Settings, "local" | "s3Endpoint">): boolean {
  if (local) return false;
  return s3Endpoint === undefined || !isLoopback(s3Endpoint);
}

/** Returns whether a URL points to this machine, under any of its loopback names. */
function isLoopback(url: string): boolean {
  return isLoopbackHost(new URL(url).hostname.replace(/^\[|\]$/g, ""));
}

export function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

/**
 * The endpoint of AWS services, without a user name and password: requests never carry them, and errors, warnings and
 * logs would show them. @throws {FotaError} ENDPOINT_INVALID, naming `what` it is
 */
export function endpointIn(text: string | undefined, what: string): string | undefined {
  return checkedUrl(text, what)?.replace(/^([a-z]+:\/\/)[^/?#]*@/i, "$1");
}

/** Checks a URL and removes a slash at its end. @throws {FotaError} ENDPOINT_INVALID, naming `what` it is */
export function checkedUrl(text: string | undefined, what: string): string | undefined {
  if (text === undefined) return undefined;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, "");
  throw new FotaError("ENDPOINT_INVALID", `${what} ${JSON.stringify(text)} is not an http or https URL`, {
    hint: "write the whole URL, such as http://127.0.0.1:4566",
  });
}
