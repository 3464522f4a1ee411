import { FotaError } from "@fota/shared";

/** Returns what AWS always sends, although the SDK's types leave it open. @throws {FotaError} AWS_ERROR, naming it */
export function required<T>(value: T | undefined, name: string): T {
  if (value !== undefined) return value;
  throw new FotaError("AWS_ERROR", `the service answered without ${name}`, {
    hint: "check that the endpoint is AWS or a stand-in that implements this API",
  });
}
