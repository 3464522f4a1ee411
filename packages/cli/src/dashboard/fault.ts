import { FotaError, isFotaError, messageOf } from "@fota/shared";

/** Returns an error as one to show on a page. A bug in a reader must not end the dashboard for the other pages. */
export function asFotaError(error: unknown): FotaError {
  if (isFotaError(error)) return error;
  return new FotaError("AWS_ERROR", `cannot read this part: ${messageOf(error)}`, {
    hint: "report this as a bug in fota if it stays",
    cause: error,
  });
}
