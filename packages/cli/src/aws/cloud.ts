import type { AwsAccess } from "./access.js";
import { type Iot, openIot } from "./iot.js";
import { openS3, type S3 } from "./s3.js";

/** Holds the services that a publish uses. */
export interface Cloud {
  iot: Iot;
  s3: S3;
  access: AwsAccess;
  signal: AbortSignal;
  close(): void;
}

export function openCloud(access: AwsAccess, signal: AbortSignal): Cloud {
  const iot = openIot(access, signal);
  const s3 = openS3(access, signal);
  return {
    iot,
    s3,
    access,
    signal,
    close() {
      iot.close();
      s3.close();
    },
  };
}
