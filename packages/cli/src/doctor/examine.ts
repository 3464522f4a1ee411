import { hintOf, isFotaError } from "@fota/shared";
import { type Check, type Finding, fail, skipped, type Verdict } from "./verdict.js";

/**
 * Runs all checks at once, each for at most `limitMs`; findings have the order of the checks. If a check throws, its
 * error becomes its finding.
 * @throws {FotaError} INTERRUPTED
 */
export async function examine(checks: readonly Check[], limitMs: number): Promise<Finding[]> {
  return await Promise.all(
    checks.map(async ({ name, run }) => ({ check: name, ...(await withinLimit(run, limitMs)) })),
  );
}

async function withinLimit(run: () => Promise<Verdict>, limitMs: number): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Verdict>((resolve) => {
    const verdict = fail(`no answer within ${limitMs / 1000} s`, "check the network and the region");
    timer = setTimeout(() => resolve(verdict), limitMs);
  });
  try {
    return await Promise.race([run().catch(verdictOf), late]);
  } finally {
    clearTimeout(timer);
  }
}

function verdictOf(error: unknown): Verdict {
  if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
  return fail(error.message, hintOf(error));
}

/** Skips a check that the credentials in use may not run or that the server does not support. */
export async function ifAllowed(look: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await look();
  } catch (error) {
    if (isFotaError(error, "ACCESS_DENIED") || isFotaError(error, "AWS_ERROR")) {
      return skipped(error.message, hintOf(error));
    }
    throw error;
  }
}
