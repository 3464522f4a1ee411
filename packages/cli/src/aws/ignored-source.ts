import type { AwsAccess } from "./access.js";
import { profileText } from "./credential-choice.js";
import { openIot } from "./iot.js";
import { withService } from "./service.js";
import { callerIdentity, openSts } from "./sts.js";

/** Describes a second source of credentials that is ignored. */
export interface IgnoredSource {
  /** Reads as in "using account 123456789012 (the keys in the environment), not profile dev of the settings file". */
  message: string;
  /** True when `--profile` on the command line made the choice. */
  byFlag: boolean;
}

/** The longest time that a command waits for the name of the account. */
const ACCOUNT_LIMIT_MS = 2_000;

/**
 * Returns which credentials are used when two sources compete; `undefined`: they do not. STS names the account; the
 * message leaves it out if STS does not answer.
 */
export async function findIgnoredSource(
  access: AwsAccess,
  signal: AbortSignal,
): Promise<IgnoredSource | undefined> {
  const { chosen } = access;
  if (chosen?.ignored === undefined) return undefined;
  const { choice, ignored } = chosen;
  const source = choice.from === "profile" ? profileText(choice) : "the keys in the environment";
  const account = await accountOf(access, signal).catch(() => undefined);
  const used = account === undefined ? source : `account ${account} (${source})`;
  return {
    message: `using ${used}, not ${ignored}`,
    byFlag: choice.from === "profile" && choice.stated === "--profile",
  };
}

async function accountOf(access: AwsAccess, signal: AbortSignal): Promise<string | undefined> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(ACCOUNT_LIMIT_MS)]);
  const identity = await withService(openIot(access, limited), (iot) => iot.identity());
  const { caller } = await callerIdentity(openSts(access, identity, limited));
  return "account" in caller ? caller.account : undefined;
}
