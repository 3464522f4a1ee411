import { withTimeout } from "./deadline.js";
import type { Clock } from "./ports.js";
import type { TrustGuard } from "./trust-ports.js";

/** How long one call may take. A document has up to 264 signatures, and a secure element is slow. */
const LIMIT_MS = 300_000;

/**
 * Returns `guard` with a time limit for each call, so that a port that never answers leaves the job for a later pass. A
 * call that takes longer rejects with REQUEST_TIMED_OUT; its work continues.
 */
export function withTimeLimit(guard: TrustGuard, clock: Clock): TrustGuard {
  const limited = <T>(what: string, work: Promise<T>): Promise<T> =>
    withTimeout(clock, LIMIT_MS, work, `trust: ${what} took more than ${LIMIT_MS} ms`);
  return {
    async rules() {
      const rules = await limited("reading the saved state", guard.rules());
      return {
        ...rules,
        verify: (document) => limited("the verification", rules.verify(document)),
        sequenceFault: (...about) => limited("the verification", rules.sequenceFault(...about)),
      };
    },
    accept: (trusted) => limited("saving the state", guard.accept(trusted)),
    confirm: (runs) => limited("saving the state", guard.confirm(runs)),
  };
}
