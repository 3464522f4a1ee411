import { reachableAddresses } from "../addresses.js";
import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import type { Credentials } from "../sigv4/sigv4.js";

export interface LocalOptions {
  /** Port for HTTP. For every port, 0 selects a free one. */
  port?: number;
  httpsPort?: number;
  mqttPort?: number;
  mqttsPort?: number;
  /**
   * Address to listen on, `0.0.0.0` for all of this machine. Anybody who reaches it can use the stand-in, apart from
   * `/_fota/`, which answers this machine only: use another than the loopback in a network you trust, with `strict`.
   * @default "127.0.0.1"
   */
  host?: string;
  /**
   * Folder for the state, which then survives a restart: `ca/` has the certificate authority, `world/` things and jobs,
   * `mqtt/` sessions and retained messages, `s3/` buckets and objects. Without it, `stop()` discards the state.
   */
  dir?: string;
  region?: string;
  /** Key pairs to accept in addition to `test`/`test` and the pair in this process's environment. */
  credentials?: readonly Credentials[];
  /** Also verifies signatures in headers, for all services. Presigned URLs are always verified. */
  verifySignatures?: boolean;
  /**
   * Requires a certificate with a policy from every device, as AWS does; plain MQTT is refused. Without `strict`, a
   * policy is still enforced, but a certificate without a policy may act for any thing.
   */
  strict?: boolean;
  /** `http(s)://host[:port]` at which devices reach S3, for the URLs in job documents. @default `endpoint` */
  publicS3Url?: string;
  /**
   * Host names at which clients reach the stand-in, such as the name of its container; `*.name` allows all names below
   * `name`. IP addresses, localhost and names below it, AWS's names and the host of `publicS3Url` are always allowed.
   * Other names are refused, because a web page could reach the stand-in through them.
   */
  allowHosts?: readonly string[];
  /** Origins (`scheme://host[:port]`) of web pages that may use the stand-in; all others are refused. */
  allowOrigins?: readonly string[];
  /** A client that knows this secret can verify the identity of the stand-in with `POST /_fota/proof`. */
  secret?: string;
  /** The clock of the stand-in, for example `manualClock()` in a test. @default the system's time */
  clock?: Clock;
  /** Buckets to create at the start. Here and below, resources that exist stay unchanged. */
  buckets?: readonly string[];
  /** Things to create at the start, without a certificate. */
  things?: readonly string[];
  /** Groups to create at the start, each with the names of its things, which are also created. */
  groups?: Readonly<Record<string, readonly string[]>>;
  /** Gets log lines, one at a time. @default none */
  log?: Log;
}

/** The addresses of a running stand-in; `GET /_fota/info` returns the same. */
export interface LocalInfo {
  /** `http://host:port` of `iot`, `iot-jobs-data` and `s3`. */
  endpoint: string;
  https: string;
  /** `mqtt://host:port`. */
  mqtt: string;
  /** `mqtts://host:port`; requires a device certificate. */
  mqtts: string;
  /** File with the CA certificate in PEM. */
  ca: string;
  region: string;
  /** Folder of the durable state; absent if it has none. */
  dir?: string;
}

/** Returns the listening address in the form that a URL needs; for a wildcard address, the loopback address. */
export function urlHost({ host = "127.0.0.1" }: LocalOptions): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/**
 * Returns what DescribeEndpoint answers: like AWS, the host alone if the port is the one that clients use without one.
 * Otherwise it is `host:port`, which AWS never answers, and always for an IPv6 address, which needs it in URLs.
 */
export function endpointAddress(options: LocalOptions, port: number, defaultPort: number): string {
  const host = urlHost(options);
  return port === defaultPort && !host.startsWith("[") ? host : `${host}:${port}`;
}

/** Returns the names and addresses, in addition to the loopback's, that the server certificate is for. */
export function certificateNames({
  host = "127.0.0.1",
  allowHosts = [],
  publicS3Url,
}: LocalOptions): string[] {
  return [...allowHosts, ...publicHost(publicS3Url), ...reachableAddresses(host)];
}

/** Returns the name or address at which devices reach S3, if it is set. */
export function publicHost(publicS3Url: string | undefined): string[] {
  return publicS3Url === undefined ? [] : [new URL(publicS3Url).hostname.replace(/^\[(.*)\]$/, "$1")];
}

/** Returns the accepted key pairs: `test`/`test`, the pair in this process's environment, and the `given` ones. */
export function knownCredentials(given: readonly Credentials[] = []): [Credentials, ...Credentials[]] {
  const accessKeyId = process.env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = process.env["AWS_SECRET_ACCESS_KEY"];
  const own = accessKeyId && secretAccessKey ? [{ accessKeyId, secretAccessKey }] : [];
  return [{ accessKeyId: "test", secretAccessKey: "test" }, ...own, ...given];
}
