import { messageOf } from "@fota/shared";
import type { Clock } from "../clock.js";
import { invalidRequest } from "../errors.js";
import { type Credentials, presignGet } from "../sigv4/sigv4.js";
import type { S3Object } from "./s3-url.js";

/** Access of Jobs to S3. AWS IoT uses a role for it, the stand-in one of its own key pairs. */
export interface S3Access {
  presign(object: S3Object, expiresInSeconds: number, nowMs: number): string;
  /** @throws {AwsError} InvalidRequest if the object is missing */
  check(object: S3Object): Promise<void>;
  /** Reads an object as UTF-8 text. @throws {AwsError} InvalidRequest if it is missing or has more than `maxBytes` */
  readText(object: S3Object, maxBytes: number): Promise<string>;
}

export interface S3AccessOptions {
  /** Returns `http(s)://host[:port]` for this process and for devices. Called each time: ports are known late. */
  endpoints: () => { own: string; devices: string };
  region: string;
  credentials: Credentials;
  clock: Clock;
}

export function createS3Access({ endpoints, region, credentials, clock }: S3AccessOptions): S3Access {
  const presignAt = (endpoint: string, object: S3Object, expiresInSeconds: number, nowMs: number) =>
    presignGet({ endpoint, ...object, region, credentials, expiresInSeconds, nowMs });
  return {
    presign: (object, expiresInSeconds, nowMs) =>
      presignAt(endpoints().devices, object, expiresInSeconds, nowMs),
    check: async (object) => {
      const response = await fetch(presignAt(endpoints().own, object, 60, clock.nowMs()), {
        headers: { range: "bytes=0-0" },
      });
      const text = await response.text();
      if (response.ok || response.status === 416) return; // 416: it is empty
      throw unreadable(object, errorCode(text) ?? `status ${response.status}`);
    },
    readText: async (object, maxBytes) => {
      try {
        const response = await fetch(presignAt(endpoints().own, object, 60, clock.nowMs()));
        const sizeBytes = Number(response.headers.get("content-length"));
        if (response.ok && sizeBytes > maxBytes)
          throw new Error(`it has ${sizeBytes} bytes, more than ${maxBytes}`);
        const body = new Uint8Array(await response.arrayBuffer());
        const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
        if (!response.ok) throw new Error(errorCode(text) ?? `status ${response.status}`);
        return text;
      } catch (error) {
        throw unreadable(object, messageOf(error));
      }
    },
  };
}

function unreadable({ bucket, key }: S3Object, reason: string) {
  return invalidRequest(`The object s3://${bucket}/${key} cannot be read: ${reason}`);
}

/** Returns the code in an error answer of S3. */
function errorCode(xml: string): string | undefined {
  return /<Code>(\w+)<\/Code>/.exec(xml)?.[1];
}
