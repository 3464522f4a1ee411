import { messageOf } from "@fota/shared";
import type { Clock } from "../clock.js";
import { invalidRequest } from "../errors.js";
import { type Credentials, presignGet } from "../sigv4/sigv4.js";
import type { S3Object } from "./s3-url.js";

/** What Jobs wants of S3: AWS IoT takes a role for it, the stand-in a key pair that it knows. */
export interface S3Access {
  presign(object: S3Object, expiresInSeconds: number, nowMs: number): string;
  /** The object as UTF-8 text. @throws {AwsError} InvalidRequest when there is none, or it has more than `maxBytes` */
  readText(object: S3Object, maxBytes: number): Promise<string>;
}

export interface S3AccessOptions {
  /** `http(s)://host[:port]` for this process, and for devices. Asked each time: ports are known late. */
  endpoints: () => { own: string; devices: string };
  region: string;
  credentials: Credentials;
  clock: Clock;
}

export function s3Access({ endpoints, region, credentials, clock }: S3AccessOptions): S3Access {
  const urlOf = (endpoint: string, object: S3Object, expiresInSeconds: number, nowMs: number) =>
    presignGet({ endpoint, ...object, region, credentials, expiresInSeconds, nowMs });
  return {
    presign: (object, expiresInSeconds, nowMs) => urlOf(endpoints().devices, object, expiresInSeconds, nowMs),
    readText: async (object, maxBytes) => {
      const name = `s3://${object.bucket}/${object.key}`;
      try {
        const response = await fetch(urlOf(endpoints().own, object, 60, clock.nowMs()));
        const sizeBytes = Number(response.headers.get("content-length"));
        if (response.ok && sizeBytes > maxBytes)
          throw new Error(`it has ${sizeBytes} bytes, more than ${maxBytes}`);
        const body = new Uint8Array(await response.arrayBuffer());
        const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
        if (!response.ok)
          throw new Error(/<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? `status ${response.status}`);
        return text;
      } catch (error) {
        throw invalidRequest(`The object ${name} cannot be read: ${messageOf(error)}`);
      }
    },
  };
}
