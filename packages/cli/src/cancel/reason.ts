import { FotaError } from "@fota/shared";

/** The limits of CancelJob: reasonCode and comment. */
const REASON_CODE = /^[\p{Lu}\p{Nd}_]{1,128}$/u;
const COMMENT_MAX_LENGTH = 2_028;

export interface CancelReason {
  reasonCode?: string;
  comment?: string;
}

/**
 * Splits a reason as AWS stores it with a job: a text of capitals, digits and `_` is a code, any other a comment.
 * @throws {FotaError} USAGE
 */
export function cancelReason(text: string | undefined, thing: string | undefined): CancelReason {
  if (text === undefined) return {};
  if (thing !== undefined) {
    throw new FotaError("USAGE", "--reason is for a whole job: AWS keeps none for one thing");
  }
  if (REASON_CODE.test(text)) return { reasonCode: text };
  if (text !== "" && text.length <= COMMENT_MAX_LENGTH && !/\p{C}/u.test(text)) return { comment: text };
  throw new FotaError(
    "USAGE",
    `--reason takes 1 to ${COMMENT_MAX_LENGTH} characters, without line breaks and control characters`,
  );
}
