import type { AwsAccess } from "./access.js";
import { profileText } from "./credential-choice.js";
import { openIot } from "./iot.js";
import { withService } from "./service.js";
import { callerIdentity, openSts } from "./sts.js";

/** That more than one account was named. */
export interface Competition {
  /** As in "using account 123456789012 (the keys in the environment), not profile dev of the settings file". */
  message: string;
  /** The command line chose. */
  asked: boolean;
}

/** Longer no command waits to name the account. */
const ACCOUNT_LIMIT_MS = 2_000;

/**
 * Says whose credentials are used where two sources of them compete; `undefined`: they do not. The account is asked of
 * STS, and left out where that does not answer.
 */
export async function competitionIn(
  access: AwsAccess,
  signal: AbortSignal,
): Promise<Competition | undefined> {
  const { chosen } = access;
  if (chosen?.instead === undefined) return undefined;
  const { choice, instead } = chosen;
  const source = choice.from === "profile" ? profileText(choice) : "the keys in the environment";
  const account = await accountOf(access, signal).catch(() => undefined);
  const used = account === undefined ? source : `account ${account} (${source})`;
  return {
    message: `using ${used}, not ${instead}`,
    asked: choice.from === "profile" && choice.stated === "--profile",
  };
}

async function accountOf(access: AwsAccess, signal: AbortSignal): Promise<string | undefined> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(ACCOUNT_LIMIT_MS)]);
  const identity = await withService(openIot(access, limited), (iot) => iot.identity());
  const { caller } = await callerIdentity(openSts(access, identity, limited));
  return "account" in caller ? caller.account : undefined;
}
