import { isIP } from "node:net";
import { resolve } from "node:path";
import { rootCertificates } from "node:tls";
import type { LocalInfo } from "@fota/local";
import { FotaError, isFotaError, isLoopbackHost, messageOf } from "@fota/shared";
import { readTextFile } from "../files/text-file.js";
import { given } from "../given.js";
import type { Host } from "../host.js";
import type { Settings } from "../settings/settings.js";
import { readVariable } from "../settings/stray-character.js";
import { findAgain, findStandIn } from "../stand-in/find.js";
import { readCa } from "../stand-in/read-ca.js";
import { createClock, type ServerClock } from "./clock.js";
import { configuredEndpoints } from "./configured-endpoints.js";
import { type ChosenCredentials, chooseCredentials } from "./credential-choice.js";
import { type CredentialProvider, credentialProvider } from "./credentials.js";
import { openProxies, type Proxies } from "./proxy.js";
import type { OnRequest } from "./request-log.js";
import { encodeName } from "./section-names.js";
import { loadSharedConfig } from "./shared-config.js";

/** Says how to reach AWS. The AWS SDK finds absent values itself, as the `aws` command does. */
export interface AwsAccess {
  region: string | undefined;
  /** Names the profile for the settings in AWS's files; the credentials may come from elsewhere. */
  profile: string | undefined;
  credentials: CredentialProvider;
  /** Says how the credentials were chosen; `undefined`: they are the stand-in's. */
  chosen: ChosenCredentials | undefined;
  iotEndpoint: string | undefined;
  s3Endpoint: string | undefined;
  iamEndpoint: string | undefined;
  /** Not used with the stand-in, which has no KMS. */
  kmsEndpoint: string | undefined;
  stsEndpoint: string | undefined;
  /** Describes the stand-in that `--local` found; absent for AWS. */
  standIn?: LocalInfo;
  /** Lists the certificates to trust in place of Node's own roots, in PEM. */
  ca: string[] | undefined;
  /** Chooses the proxy for each host; absent when no request goes through one. */
  proxies?: Proxies;
  /** Compares this machine's clock with the time in the services' answers. */
  clock: ServerClock;
  /** Receives each request, for `--debug`. */
  onRequest?: OnRequest;
}

/**
 * Resolves how to reach AWS or the stand-in.
 * @param before the stand-in that was found before: only the same one will do, unless the user named an endpoint
 * @throws {FotaError} what `findStandIn` throws; NO_CREDENTIALS when half a key pair is set; CONFIG_INVALID when the CA
 * bundle, AWS's files or a variable cannot be read; ENDPOINT_INVALID
 */
export async function accessTo(
  settings: Settings,
  host: Pick<Host, "env" | "cwd" | "homeDir" | "signal">,
  onRequest?: OnRequest,
  before?: LocalInfo,
): Promise<AwsAccess> {
  const ca = await readCaBundle(host);
  if (!settings.local) {
    return { ...(await accessToAws(settings, host, ca, onRequest)), ...given({ onRequest }) };
  }
  const info =
    before !== undefined && settings.iotEndpoint === undefined
      ? await findAgain(before, host)
      : await findStandIn(settings.iotEndpoint, host);
  const access = { ...standInAccess(info.endpoint, info.region, ca), standIn: info };
  const isNear = isLoopbackHost(hostOf(info.endpoint));
  return { ...(isNear ? access : await withSecureS3(access, info)), ...given({ onRequest }) };
}

/** Makes the URLs of images https, for the stand-in on a network: devices there refuse http. */
async function withSecureS3(access: AwsAccess, { https, ca }: LocalInfo): Promise<AwsAccess> {
  return { ...access, s3Endpoint: https, ca: [...(access.ca ?? rootCertificates), await readCa(ca)] };
}

function hostOf(endpoint: string): string {
  return new URL(endpoint).hostname.replace(/^\[|\]$/g, "");
}

async function accessToAws(
  settings: Settings,
  host: Pick<Host, "env" | "homeDir" | "signal">,
  ca: string[] | undefined,
  onRequest: OnRequest | undefined,
): Promise<AwsAccess> {
  const { profileFlag: flag, file } = settings;
  const chosen = chooseCredentials({ flag, env: host.env, file: file.profile });
  const shared = await loadSharedConfig(host);
  const name = chosen.profile ?? "default";
  const at = configuredEndpoints(settings, name, shared);
  // Roles are assumed where the AWS tools would assume them: --endpoint-url applies only to the command's own requests.
  const stsEndpoint = at("sts").ofAwsTools;
  const region = settings.region ?? shared.profiles[name]?.["region"];
  const common = { region, profile: chosen.profile, ca, ...given({ proxies: await openProxies(host, ca) }) };
  const stsConfig = clientSettings(common, stsEndpoint);
  return {
    ...common,
    chosen,
    credentials: credentialProvider({
      choice: chosen.choice,
      shared,
      host,
      stsConfig,
      stsEndpoint,
      onRequest,
    }),
    iotEndpoint: at("iot").endpoint,
    s3Endpoint: at("s3").endpoint,
    iamEndpoint: at("iam").endpoint,
    kmsEndpoint: at("kms").endpoint,
    stsEndpoint: at("sts").endpoint,
    clock: createClock(),
  };
}

/**
 * Returns access to the stand-in. It always knows the key pair `test`/`test`, so that URLs presigned with it are valid.
 */
export function standInAccess(endpoint: string, region: string, ca?: string[]): AwsAccess {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const endpoints = {
    iotEndpoint: endpoint,
    s3Endpoint: endpoint,
    iamEndpoint: endpoint,
    kmsEndpoint: undefined,
    stsEndpoint: endpoint,
  };
  return {
    region,
    profile: undefined,
    chosen: undefined,
    credentials: async () => credentials,
    ...endpoints,
    ca,
    clock: createClock(),
  };
}

/**
 * Returns whether the bucket must be the first part of the path because it cannot be part of the host name: at an IP
 * address, localhost, and a name without a dot, such as that of a container.
 */
export function needsPathStyle(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return false;
  const host = hostOf(endpoint);
  return isIP(host) !== 0 || !host.includes(".");
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Limits the wait for any progress of a request, such as for the TLS handshake; as the AWS command line tool has it. */
const SILENCE_TIMEOUT_MS = 60_000;

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** Returns what the constructors of all AWS clients take. */
export function clientConfig(access: AwsAccess, endpoint: string | undefined) {
  const { credentials, chosen } = access;
  // The stand-in has no such endpoints, and the SDK refuses both switches together with an endpoint.
  const standIn = chosen === undefined && { useFipsEndpoint: false, useDualstackEndpoint: false };
  return { ...clientSettings(access, endpoint), ...standIn, credentials };
}

function clientSettings(
  { region, profile, ca, proxies }: Pick<AwsAccess, "region" | "profile" | "ca" | "proxies">,
  endpoint: string | undefined,
) {
  return {
    ...given({ region }),
    ...(profile !== undefined && { profile: encodeName(profile) }),
    // The endpoints are resolved already; the SDK would read the profile in AWS_PROFILE, not the chosen one.
    ...(endpoint === undefined ? { ignoreConfiguredEndpointUrls: true } : { endpoint }),
    // Without a logger the SDK prints warnings about some failures to the console, in addition to fota's own line.
    logger: SILENT,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      ...(ca !== undefined && { httpsAgent: { ca } }),
      ...proxies?.openAgents(),
    },
  };
}

/**
 * Reads AWS_CA_BUNDLE, which the AWS SDK for JavaScript ignores. Node reads NODE_EXTRA_CA_CERTS when it starts, but not
 * for connections that pass their own list of certificates, so the result has both.
 */
async function readCaBundle({ env, cwd }: Pick<Host, "env" | "cwd">): Promise<string[] | undefined> {
  const path = readVariable(env, "AWS_CA_BUNDLE");
  if (path === undefined) return undefined;
  const extra = readVariable(env, "NODE_EXTRA_CA_CERTS");
  const bundles = [path, ...(extra === undefined ? [] : [extra])];
  try {
    const texts = await Promise.all(
      bundles.map((bundle) => readTextFile(resolve(cwd, bundle), "CONFIG_INVALID", bundle)),
    );
    return [...rootCertificates, ...texts];
  } catch (error) {
    if (isFotaError(error)) throw error;
    throw new FotaError("CONFIG_INVALID", `cannot read the CA bundle: ${messageOf(error)}`, {
      hint: "AWS_CA_BUNDLE and NODE_EXTRA_CA_CERTS name files with certificates in PEM",
      cause: error,
    });
  }
}
