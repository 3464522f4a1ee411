import { FotaError } from "@fota/shared";

/**
 * Returns a value that AWS always sends, although the SDK's types make it optional.
 * @throws {FotaError} AWS_ERROR with the name of the missing value
 */
export function required<T>(value: T | undefined, name: string): T {
  if (value !== undefined) return value;
  throw new FotaError("AWS_ERROR", `the service answered without ${name}`, {
    hint: "check that the endpoint is AWS or a stand-in that implements this API",
  });
}
