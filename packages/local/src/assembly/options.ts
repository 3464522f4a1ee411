import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import type { Credentials } from "../sigv4/sigv4.js";

export interface LocalOptions {
  /** HTTP; 0, as for all ports, takes a free one. */
  port?: number;
  httpsPort?: number;
  mqttPort?: number;
  mqttsPort?: number;
  /** Address to listen on; the loopback unless told otherwise, as nothing here is meant for a network. */
  host?: string;
  /**
   * Folder that keeps everything over a restart: `ca/` the certificate authority, `world/` things and jobs, `mqtt/`
   * sessions and retained messages, `s3/` buckets and objects. Without it nothing outlives `stop()`.
   */
  dir?: string;
  region?: string;
  /** Key pairs that exist beside `test`/`test` and the pair in this process's environment. */
  credentials?: readonly Credentials[];
  /** Also check signatures in headers, of all services; presigned URLs always are. */
  verifySignatures?: boolean;
  /**
   * A device needs a certificate with a policy, as with AWS: plain MQTT has neither and is refused. Without it a
   * certificate that has a policy is held to it all the same, and one that has none may speak for any thing.
   */
  strict?: boolean;
  /** `http(s)://host[:port]` by which devices reach S3, for the URLs in job documents; `endpoint` by default. */
  publicS3Url?: string;
  /**
   * Host names by which clients reach it, such as that of its container; `*.name` stands for all below it. IP addresses,
   * localhost, names below it, AWS's and the one of `publicS3Url` are always taken; others are refused, as a page could
   * reach the stand-in by them.
   */
  allowHosts?: readonly string[];
  /** `scheme://host[:port]` of web pages that may use it; those of all others are refused. */
  allowOrigins?: readonly string[];
  /** Lets who knows it tell this stand-in from another one, by `POST /_fota/proof`. */
  secret?: string;
  /** The system's time unless a test brings its own, such as `manualClock()`. */
  clock?: Clock;
  /** Buckets to make at the start. Names that exist already are left as they are, here and below. */
  buckets?: readonly string[];
  /** Things to make at the start, without a certificate. */
  things?: readonly string[];
  /** Groups to make at the start, with the names of their things, which are made too. */
  groups?: Readonly<Record<string, readonly string[]>>;
  /** One line each for what a person should know; nowhere by default. */
  log?: Log;
}

/** Where a running stand-in is reached; also what `GET /_fota/info` answers. */
export interface LocalInfo {
  /** `http://host:port` of `iot`, `iot-jobs-data` and `s3`. */
  endpoint: string;
  https: string;
  /** `mqtt://host:port`. */
  mqtt: string;
  /** `mqtts://host:port`; wants a device certificate. */
  mqtts: string;
  /** File with the CA certificate in PEM. */
  ca: string;
  region: string;
  /** Folder of the durable state, if it has one. */
  dir?: string;
}

/** Returns how an address that is listened on is written in a URL; a wildcard is reached by the loopback. */
export function urlHost({ host = "127.0.0.1" }: LocalOptions): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/** Returns the key pairs that requests may be signed with: `test`/`test`, this process's own, and the `given` ones. */
export function knownCredentials(given: readonly Credentials[] = []): [Credentials, ...Credentials[]] {
  const accessKeyId = process.env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = process.env["AWS_SECRET_ACCESS_KEY"];
  const own = accessKeyId && secretAccessKey ? [{ accessKeyId, secretAccessKey }] : [];
  return [{ accessKeyId: "test", secretAccessKey: "test" }, ...own, ...given];
}
