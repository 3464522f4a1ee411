import { vi } from "vitest";

/**
 * Takes this machine's settings out of the way: those that the AWS SDK reads itself, fota's, and those of a CI service,
 * where fota asks nothing. `vi.unstubAllEnvs` ends it.
 */
export function stubEnvironment(more: Record<string, string> = {}): void {
  for (const name of Object.keys(process.env)) {
    if (/^(AWS_|FOTA_|FORCE_COLOR|CI$)/.test(name)) vi.stubEnv(name, undefined);
  }
  const values = {
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: "eu-west-1",
    ...more,
  };
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
}
