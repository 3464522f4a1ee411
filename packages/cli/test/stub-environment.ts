import { vi } from "vitest";

/** Takes this machine's AWS settings out of the way of what the AWS SDK reads itself; `vi.unstubAllEnvs` ends it. */
export function stubEnvironment(more: Record<string, string> = {}): void {
  for (const name of Object.keys(process.env)) {
    if (/^(AWS_|FOTA_|FORCE_COLOR)/.test(name)) vi.stubEnv(name, undefined);
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
