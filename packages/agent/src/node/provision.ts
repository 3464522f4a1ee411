import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { inspect } from "node:util";
import { FotaError, hintOf, isFotaError, type ProvisioningRequest } from "@fota/shared";
import { type BackoffPolicy, backoffMs } from "../core/backoff.js";
import type { Clock, Log, Mqtt, Random } from "../core/ports.js";
import { printableLog } from "../core/printable-log.js";
import { nodeClock, nodeRandom } from "./host.js";
import { connectThing } from "./mqtt.js";
import type { ThingOptions } from "./mqtt-options.js";
import { isCertificateOf, requestFor } from "./provision-key.js";
import { requestProvisioning } from "./provision-request.js";
import {
  loadOrMakeKey,
  loadPending,
  loadRegistration,
  type PendingCertificate,
  type ProvisionFiles,
  provisionFiles,
  provisionPaths,
  type Registration,
  readRegistration,
  savePending,
  saveRegistration,
} from "./provision-store.js";

/** The options of the connection with the claim certificate are those of `connectThing`. */
export interface ProvisionOptions
  extends Omit<ThingOptions, "thingName" | "cert" | "key" | "identity" | "reconnect" | "onConnectionChange"> {
  /** Certificate that all new devices share, and its private key. */
  claimCert: NonNullable<ThingOptions["cert"]>;
  claimKey: NonNullable<ThingOptions["key"]>;
  /**
   * MQTT client id of the connection with the claim certificate.
   * @default a random one
   */
  clientId?: string;
  /** Name of the provisioning template. */
  template: string;
  /** Values of the template's parameters, such as `{ SerialNumber: "7" }`. */
  parameters?: Readonly<Record<string, string>>;
  /** Folder for `key.pem`, `cert.pem` and `provisioning.json`. It must survive a restart and an update. */
  dir: string;
  /**
   * How often it tries in total.
   * @default 10
   */
  attempts?: number;
  /** Delays between attempts, with full jitter. Default: 2 s to 5 min. */
  backoff?: BackoffPolicy;
  /**
   * Limit on one request and its answer.
   * @default 20_000
   */
  requestTimeoutMs?: number;
}

/** The identity of a provisioned device. `connectThing` accepts its members. */
export interface ThingIdentity extends Registration {
  /** Path of the certificate in PEM. */
  cert: string;
  /** Path of the private key in PEM. */
  key: string;
}

/**
 * Gives a new device its own identity, by fleet provisioning by claim: makes a private key, gets a certificate for it,
 * and registers the thing with a template. Once that has succeeded, every call returns the stored identity without
 * connecting. After a power cut at any point, the next call continues. Calls of this process at the same time with the same
 * `dir` share one run, with the options of the first.
 *
 * @throws {FotaError} REQUEST_REJECTED if AWS IoT refuses the template, its parameters or a topic; MQTT_UNREACHABLE,
 * MQTT_CLOSED, REQUEST_TIMED_OUT, RESPONSE_INVALID, THROTTLED or AWS_ERROR after the last attempt; CONFIG_INVALID for
 * the address, certificate, key or another option; STATE_ACCESS if `dir` cannot be read or written
 */
export async function provisionThing(options: ProvisionOptions): Promise<ThingIdentity> {
  checkOptions(options);
  const dir = resolve(options.dir);
  const run = running.get(dir) ?? provisionFolder(options).finally(() => running.delete(dir));
  running.set(dir, run);
  return await run;
}

/** The runs of this process, by folder. */
const running = new Map<string, Promise<ThingIdentity>>();

/** A wrong template would be part of a topic, and a wrong number of attempts would never be reached. */
function checkOptions({ template, dir, attempts = 1 }: ProvisionOptions): void {
  if (!/^[\w-]+$/.test(template ?? ""))
    throw mustBe("template", "the name of a provisioning template", template);
  if (typeof dir !== "string" || dir === "") throw mustBe("dir", "the path of a folder", dir);
  if (!(attempts >= 1)) throw mustBe("attempts", "a number from 1 on", attempts);
}

function mustBe(option: string, rule: string, value: unknown): FotaError {
  return new FotaError("CONFIG_INVALID", `${option} must be ${rule}, got ${inspect(value)}`, {
    hint: `set ${option}`,
  });
}

async function provisionFolder(options: ProvisionOptions): Promise<ThingIdentity> {
  const { claimCert, claimKey, dir, clientId = `provision-${randomUUID()}`, ...connection } = options;
  const log = printableLog(options.log ?? (() => {}));
  const registration = await provision(options, {
    files: provisionFiles(dir, log),
    connect: () =>
      connectThing({ ...connection, thingName: clientId, clientId, cert: claimCert, key: claimKey }),
    host: { ...nodeClock, ...nodeRandom },
    log,
  });
  const { cert, key } = provisionPaths(dir);
  return { ...registration, cert, key };
}

/** What `provision` needs from outside. */
export interface ProvisionPorts {
  files: ProvisionFiles;
  /** Connects with the claim certificate. */
  connect(): Promise<Mqtt>;
  host: Pick<Clock, "sleep" | "after"> & Pick<Random, "next">;
  log: Log;
}

type Plan = Pick<ProvisionOptions, "template" | "parameters" | "attempts" | "backoff" | "requestTimeoutMs">;

/** Errors after which an attempt may succeed later. */
const PASSING = [
  "MQTT_UNREACHABLE",
  "MQTT_CLOSED",
  "REQUEST_TIMED_OUT",
  "RESPONSE_INVALID",
  "THROTTLED",
  "AWS_ERROR",
];

/** Provisions the device, or returns what is stored. @throws {FotaError} as `provisionThing` */
export async function provision(plan: Plan, ports: ProvisionPorts): Promise<Registration> {
  const { files, host, log } = ports;
  const { attempts = 10, backoff = { baseMs: 2_000, maxMs: 300_000 } } = plan;
  const stored = await loadRegistration(files, log);
  if (stored !== undefined) return stored;
  const key = await loadOrMakeKey(files);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await provisionOnce(plan, ports, key);
    } catch (error) {
      if (!isFotaError(error) || !PASSING.includes(error.code)) throw withPolicyHint(error, plan.template);
      if (attempt >= attempts) throw lastError(plan.template, attempt, error);
      const delayMs = backoffMs(attempt, backoff, host.next());
      log("warn", `not provisioned yet: ${error.message}; next attempt in ${delayMs} ms`);
      await host.sleep(delayMs);
    }
  }
}

async function provisionOnce(plan: Plan, ports: ProvisionPorts, key: string): Promise<Registration> {
  const { files, log } = ports;
  const mqtt = await ports.connect();
  try {
    const kept = await loadPending(files, key);
    const keptRegistration = kept && (await register(mqtt, plan, ports, kept));
    if (kept !== undefined && keptRegistration !== undefined) {
      await saveRegistration(files, kept, keptRegistration);
      return keptRegistration;
    }
    const pending = await createCertificate(mqtt, plan, ports, key);
    await savePending(files, pending);
    const registration = await register(mqtt, plan, ports, pending);
    if (registration === undefined) {
      throw new FotaError(
        "RESPONSE_INVALID",
        "AWS IoT refused the certificate ownership token that it has just issued",
      );
    }
    await saveRegistration(files, pending, registration);
    log("info", `provisioned as ${registration.thingName}`);
    return registration;
  } finally {
    await mqtt.disconnect().catch(() => {});
  }
}

async function createCertificate(
  mqtt: Mqtt,
  plan: Plan,
  ports: ProvisionPorts,
  key: string,
): Promise<PendingCertificate> {
  const request = { operation: "createCertificateFromCsr" } as const;
  const answer = await send(mqtt, plan, ports, request, { certificateSigningRequest: requestFor(key) });
  if (answer.outcome === "rejected") throw answer.error;
  const { certificatePem, certificateOwnershipToken } = answer.members;
  if (typeof certificatePem !== "string" || typeof certificateOwnershipToken !== "string") {
    throw new FotaError("RESPONSE_INVALID", "the answer has no certificate or no ownership token");
  }
  if (!isCertificateOf(certificatePem, key)) {
    throw new FotaError("RESPONSE_INVALID", "the certificate in the answer is not for this device's key");
  }
  return { certificatePem, certificateOwnershipToken };
}

/** Registers the thing. Resolves to `undefined` if the ownership token is not valid any more. */
async function register(
  mqtt: Mqtt,
  plan: Plan,
  ports: ProvisionPorts,
  { certificateOwnershipToken }: PendingCertificate,
): Promise<Registration | undefined> {
  const { template, parameters = {} } = plan;
  const request = { operation: "registerThing", templateName: template } as const;
  const answer = await send(mqtt, plan, ports, request, { certificateOwnershipToken, parameters });
  if (answer.outcome === "rejected") {
    if (answer.errorCode === "InvalidCertificateOwnershipToken") return undefined;
    throw answer.error;
  }
  const registration = readRegistration(answer.members);
  if (registration !== undefined) return registration;
  throw new FotaError("CONFIG_INVALID", `the provisioning template ${template} creates no thing`, {
    hint: "add a resource of type AWS::IoT::Thing to the template",
  });
}

function send(mqtt: Mqtt, plan: Plan, { host }: ProvisionPorts, request: ProvisioningRequest, body: object) {
  return requestProvisioning(mqtt, host, plan.requestTimeoutMs ?? 20_000, request, body);
}

function lastError(template: string, attempts: number, error: FotaError): FotaError {
  const message = `the device is not provisioned after ${attempts} attempts with template ${template}: ${error.message}`;
  // AWS IoT closes the connection of a client that publishes what its policy does not allow.
  const hint = error.code === "MQTT_CLOSED" ? policyHint(template) : hintOf(error);
  return new FotaError(error.code, message, { cause: error, hint });
}

/** Adds a hint to the error of a subscription that the policy does not allow. */
function withPolicyHint(error: unknown, template: string): unknown {
  if (!isFotaError(error, "REQUEST_REJECTED") || error.hint !== undefined) return error;
  return new FotaError(error.code, error.message, { cause: error, hint: policyHint(template) });
}

function policyHint(template: string): string {
  return `check that the policy of the claim certificate allows the topics of template ${template}`;
}
