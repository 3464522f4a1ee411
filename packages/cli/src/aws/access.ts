import { isIP } from "node:net";
import { resolve } from "node:path";
import { rootCertificates } from "node:tls";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import type { Host } from "../host.js";
import { nonEmpty, type Settings } from "../settings.js";
import { findStandIn, STAND_IN_ENDPOINT } from "../stand-in.js";
import { readTextFile } from "../text-file.js";

/** How to reach AWS. Absent values are what the AWS SDK finds itself, as the `aws` command would. */
export interface AwsAccess {
  region: string | undefined;
  profile: string | undefined;
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined;
  iotEndpoint: string | undefined;
  s3Endpoint: string | undefined;
  iamEndpoint: string | undefined;
  stsEndpoint: string | undefined;
  /** Certificates to trust in place of Node's own roots, PEM. */
  ca: string[] | undefined;
}

/** @throws {FotaError} LOCAL_NOT_RUNNING, CONFIG_INVALID when the CA bundle cannot be read */
export async function accessTo(
  settings: Settings,
  host: Pick<Host, "env" | "cwd" | "signal">,
): Promise<AwsAccess> {
  const ca = await readCaBundle(host);
  if (!settings.local) {
    const { region, profile, iotEndpoint, s3Endpoint, iamEndpoint, stsEndpoint } = settings;
    const endpoints = { iotEndpoint, s3Endpoint, iamEndpoint, stsEndpoint };
    return { region, profile, credentials: undefined, ...endpoints, ca };
  }
  const { endpoint, region } = await findStandIn(settings.iotEndpoint ?? STAND_IN_ENDPOINT, host.signal);
  return standInAccess(endpoint, region, ca);
}

/** The stand-in always knows the key pair `test`/`test`, so that its presigned URLs are valid with it. */
export function standInAccess(endpoint: string, region: string, ca?: string[]): AwsAccess {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const endpoints = {
    iotEndpoint: endpoint,
    s3Endpoint: endpoint,
    iamEndpoint: endpoint,
    stsEndpoint: endpoint,
  };
  return { region, profile: undefined, credentials, ...endpoints, ca };
}

/** Where a bucket cannot be a part of the host name, it has to be the first part of the path. */
export function needsPathStyle(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return false;
  const host = new URL(endpoint).hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || isIP(host) !== 0;
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** What the constructors of all AWS clients take. */
export function clientConfig(access: AwsAccess, endpoint: string | undefined) {
  const { region, profile, credentials, ca } = access;
  return {
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...(credentials !== undefined && { credentials }),
    ...(endpoint !== undefined && { endpoint }),
    // Without one the SDK writes what it thinks of some failures to the console, beside our own line.
    logger: SILENT,
    requestHandler: { connectionTimeout: 5_000, ...(ca !== undefined && { httpsAgent: { ca } }) },
  };
}

/**
 * AWS_CA_BUNDLE, which the AWS SDK for JavaScript does not read. Node reads NODE_EXTRA_CA_CERTS at its start, but not
 * for connections that are given a list: so both are in it.
 */
async function readCaBundle({ env, cwd }: Pick<Host, "env" | "cwd">): Promise<string[] | undefined> {
  const path = nonEmpty(env["AWS_CA_BUNDLE"]);
  if (path === undefined) return undefined;
  const extra = nonEmpty(env["NODE_EXTRA_CA_CERTS"]);
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
