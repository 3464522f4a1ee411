import { isFotaError, isLoopbackHost } from "@fota/shared";
import { type AwsAccess, accessTo } from "../aws/access.js";
import { type Cloud, openCloud } from "../aws/cloud.js";
import { formatRequest, type RequestRecord } from "../aws/request-log.js";
import { withThrottleRetry } from "../aws/throttle-retry.js";
import { accessOf } from "../connect/access-of.js";
import type { Context } from "../context.js";
import { pacedIot } from "./paced-iot.js";
import { createRequestCounts, type RequestCounts } from "./request-counts.js";

/** AWS allows an account ten requests per second to each operation of Jobs: half of them are for others. */
const AWS_REQUESTS_PER_SECOND = 5;
/** A stand-in on this machine has no quotas. */
const LOCAL_REQUESTS_PER_SECOND = 100;
/** The shortest time between two tries to find fresh credentials. */
const RENEWAL_PAUSE_MS = 10_000;

/** Reaches the account that the dashboard shows, for as long as it runs. */
export interface Account {
  /** Names the account for people: `eu-central-1, profile prod`. */
  readonly name: string;
  /** True if it is a stand-in on this machine, which may be read more often. */
  readonly isLocal: boolean;
  /** Counts the requests to AWS so far. */
  readonly requests: RequestCounts;
  /** The time until which reads wait because AWS throttles requests. */
  readonly throttledUntilMs: number;
  /**
   * Runs a task with the services. If AWS refuses the credentials, finds them again for the next task: the user may have
   * logged in meanwhile.
   */
  with<T>(task: (cloud: Cloud) => Promise<T>): Promise<T>;
  close(): void;
}

/** @throws {FotaError} NO_REGION, NO_CREDENTIALS, and what `accessTo` throws */
export async function openAccount(context: Context): Promise<Account> {
  const { settings, host, output } = context;
  const { signal } = host;
  const requests = createRequestCounts();
  const onRequest = (request: RequestRecord) => {
    requests.add(request);
    output.debug?.(formatRequest(request));
  };
  let throttledUntilMs = 0;
  const open = (access: AwsAccess): Cloud => {
    const cloud = openCloud({ ...access, onRequest }, signal);
    const patient = withThrottleRetry(cloud.iot, {
      signal,
      onWait: (delayMs) => {
        throttledUntilMs = Math.max(throttledUntilMs, Date.now() + delayMs);
      },
    });
    return { ...cloud, iot: pacedIot(patient, perSecond, signal) };
  };
  const access = await accessOf(context);
  const isLocal = access.iotEndpoint !== undefined && isOnThisMachine(access.iotEndpoint);
  const perSecond = isLocal ? LOCAL_REQUESTS_PER_SECOND : AWS_REQUESTS_PER_SECOND;
  let cloud = open(access);
  let renewedMs = Number.NEGATIVE_INFINITY;
  const { region } = await cloud.iot.identity();

  async function renew(): Promise<void> {
    if (performance.now() - renewedMs < RENEWAL_PAUSE_MS) return;
    renewedMs = performance.now();
    const before = cloud;
    cloud = open(await accessTo(settings, host, onRequest));
    before.close();
  }

  return {
    name: nameOf(access, region),
    isLocal,
    requests,
    get throttledUntilMs() {
      return throttledUntilMs;
    },
    async with(task) {
      try {
        return await task(cloud);
      } catch (error) {
        const isRefused = isFotaError(error, "CREDENTIALS_REFUSED") || isFotaError(error, "NO_CREDENTIALS");
        if (isRefused) await renew().catch(() => undefined); // `error` says what is wrong
        throw error;
      }
    },
    close: () => cloud.close(),
  };
}

function isOnThisMachine(endpoint: string): boolean {
  return isLoopbackHost(new URL(endpoint).hostname.replace(/^\[|\]$/g, ""));
}

function nameOf({ iotEndpoint, chosen }: AwsAccess, region: string): string {
  if (chosen === undefined) return `fota local at ${iotEndpoint}`;
  const at = iotEndpoint === undefined ? "" : ` at ${iotEndpoint}`;
  return chosen.profile === undefined ? `${region}${at}` : `${region}, profile ${chosen.profile}${at}`;
}
