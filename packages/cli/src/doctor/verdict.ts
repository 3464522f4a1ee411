import type { Hint } from "@fota/shared";
import type { S3 } from "../aws/s3.js";

/** Holds the result of one check. */
export interface Verdict {
  status: "ok" | "warn" | "fail" | "skipped";
  message: string;
  /** Says what to do about it. */
  hint?: Hint | undefined;
  fix?: Fix;
}

/** Describes a change that `--fix` makes if the answer to `question` is yes. */
interface Fix {
  question: string;
  apply(s3: S3): Promise<void>;
}

export interface Check {
  name: string;
  run(): Promise<Verdict>;
}

export type Finding = { check: string } & Verdict;

export const ok = (message: string): Verdict => ({ status: "ok", message });
export const warn = (message: string, hint?: Hint): Verdict => ({ status: "warn", message, hint });
export const fail = (message: string, hint?: Hint): Verdict => ({ status: "fail", message, hint });
export const skipped = (message: string, hint?: Hint): Verdict => ({ status: "skipped", message, hint });
