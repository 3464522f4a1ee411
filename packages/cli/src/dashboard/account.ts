import { isFotaError, isLoopbackHost } from "@fota/shared";
import { type AwsAccess, accessTo } from "../aws/access.js";
import { isSkewed } from "../aws/clock.js";
import { type Cloud, openCloud } from "../aws/cloud.js";
import { formatRequest, type RequestRecord } from "../aws/request-log.js";
import { withThrottleRetry } from "../aws/throttle-retry.js";
import { accessOf } from "../connect/access-of.js";
import type { Context } from "../context.js";
import { wallClockMs } from "../wall-clock.js";
import { pacedIot } from "./paced-iot.js";
import { createRequestCounts, type RequestCounts } from "./request-counts.js";

/** AWS allows an account ten requests per second to each operation of Jobs: half of them are for others. */
const AWS_REQUESTS_PER_SECOND = 5;
/** A stand-in on this machine has no quotas. */
const LOCAL_REQUESTS_PER_SECOND = 100;
/** The shortest time between two tries to find fresh credentials, which may start a program or assume a role. */
const RENEWAL_PAUSE_MS = 1_500;

/** Reaches the account that the dashboard shows, for as long as it runs. */
export interface Account {
  /** Names the account for people: `eu-central-1, profile prod`. */
  readonly name: string;
  /** True if it is a stand-in on this machine, which may be read more often. */
  readonly isLocal: boolean;
  /** Counts the requests to AWS so far. */
  readonly requests: RequestCounts;
  /** Returns the time of AWS, in milliseconds, if this machine's clock is wrong; else this machine's. */
  nowMs(): number;
  /** Returns whether reads wait because AWS throttles requests. */
  isThrottled(): boolean;
  /**
   * Runs a task with the services. If AWS refuses the credentials, finds them again, and runs the task once more: the
   * user may have logged in meanwhile. Does the same if the stand-in of `--local` is away: it may have other ports now.
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
        throttledUntilMs = Math.max(throttledUntilMs, performance.now() + delayMs);
      },
    });
    return { ...cloud, iot: pacedIot(patient, perSecond, signal) };
  };
  let access = await accessOf(context);
  const isLocal = access.iotEndpoint !== undefined && isOnThisMachine(access.iotEndpoint);
  const perSecond = isLocal ? LOCAL_REQUESTS_PER_SECOND : AWS_REQUESTS_PER_SECOND;
  let cloud = open(access);
  let renewedMs = Number.NEGATIVE_INFINITY;
  let renewal: Promise<void> | undefined;
  const { region } = await cloud.iot.identity();

  async function renew(): Promise<void> {
    renewedMs = performance.now();
    const before = cloud;
    access = await accessTo(settings, host, onRequest, access.standIn);
    cloud = open(access);
    before.close();
  }

  /** Returns whether another look for credentials, or for the stand-in, can help. */
  function canRenewAfter(error: unknown): boolean {
    if (isFotaError(error, "ENDPOINT_UNREACHABLE")) return access.standIn !== undefined;
    return isFotaError(error, "CREDENTIALS_REFUSED") || isFotaError(error, "NO_CREDENTIALS");
  }

  /** Finds the credentials again, at once for all tasks that failed. Rejects if they cannot be found. */
  async function replace(refused: Cloud): Promise<void> {
    if (cloud !== refused) return;
    if (renewal === undefined && performance.now() - renewedMs < RENEWAL_PAUSE_MS) return;
    renewal ??= renew().finally(() => {
      renewal = undefined;
    });
    await renewal;
  }

  return {
    get name() {
      return nameOf(access, region);
    },
    isLocal,
    requests,
    nowMs() {
      const ahead = access.clock.aheadSeconds();
      return wallClockMs() - (isSkewed(ahead) ? ahead * 1000 : 0);
    },
    isThrottled: () => throttledUntilMs > performance.now(),
    async with(task) {
      const used = cloud;
      try {
        return await task(used);
      } catch (error) {
        if (!canRenewAfter(error)) throw error;
        await replace(used).catch(() => undefined); // `error` says what is wrong
        if (cloud === used) throw error;
      }
      return await task(cloud);
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
