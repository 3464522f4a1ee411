import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { isFotaError } from "@fota/shared";
import { given } from "../given.js";
import { PART_SIZE_BYTES } from "../image/digests.js";
import { type ImageFile, imageChanged } from "../image/image-file.js";
import { base64Of, isRefusedContent } from "./checksums.js";
import { httpStatusOf, nameOf } from "./errors.js";
import { type Firmware, markOf } from "./image-mark.js";
import type { ImageObject } from "./image-object.js";
import { required } from "./required.js";

/** Counts the parts that upload at once; each has its own buffer, so memory does not grow with the image. */
const PARTS_AT_ONCE = 4;

interface UploadOptions {
  signal: AbortSignal;
  firmware: Firmware;
  onBytes(count: number): void;
}

/** Describes a part that S3 already has. */
interface Part {
  etag: string | undefined;
  sha256: string | undefined;
}

/**
 * Uploads an image in parts, several at once; S3 checks the SHA-256 of each. Resumes an interrupted upload of the same
 * object, even one of another machine: parts with the right digest are not sent again.
 * @throws {FotaError} IMAGE_CHANGED; also what the SDK throws
 */
export async function uploadParts(
  client: S3Client,
  object: ImageObject,
  image: ImageFile,
  options: UploadOptions,
): Promise<void> {
  const address = { Bucket: object.bucket, Key: object.key };
  const begun = await findUpload(client, address, options.signal);
  if (begun !== undefined) {
    let counted = 0;
    const onBytes = (count: number) => {
      counted += count;
      options.onBytes(count);
    };
    try {
      const parts = await listParts(client, { ...address, UploadId: begun }, options.signal);
      return await finish(client, address, begun, parts, image, { ...options, onBytes });
    } catch (error) {
      if (nameOf(error) !== "NoSuchUpload") throw error;
      options.onBytes(-counted); // another process completed or aborted the upload meanwhile
    }
  }
  await finish(client, address, await begin(client, address, image, options), new Map(), image, options);
}

type Address = { Bucket: string; Key: string };

async function finish(
  client: S3Client,
  address: Address,
  uploadId: string,
  present: ReadonlyMap<number, Part>,
  image: ImageFile,
  { signal, onBytes }: UploadOptions,
): Promise<void> {
  const parts: { PartNumber: number; ETag: string | undefined; ChecksumSHA256: string }[] = [];
  const stop = new AbortController();
  const abortSignal = AbortSignal.any([signal, stop.signal]);
  let next = 0;
  const worker = async () => {
    const buffer = Buffer.allocUnsafe(PART_SIZE_BYTES);
    for (let i = next++; i < image.partSha256.length; i = next++) {
      const sha256 = image.partSha256[i] ?? "";
      const ChecksumSHA256 = base64Of(sha256);
      const PartNumber = i + 1;
      const length = Math.min(PART_SIZE_BYTES, image.sizeBytes - i * PART_SIZE_BYTES);
      const there = present.get(PartNumber);
      if (there?.sha256 === ChecksumSHA256) {
        parts[i] = { PartNumber, ETag: there.etag, ChecksumSHA256 };
      } else {
        const count = await image
          .read(buffer.subarray(0, length), i * PART_SIZE_BYTES)
          .catch((cause: unknown) => {
            throw imageChanged(image.name, cause);
          });
        if (count < length) throw imageChanged(image.name);
        const Body = buffer.subarray(0, length);
        const part = { ...address, UploadId: uploadId, PartNumber, Body, ChecksumSHA256 };
        const { ETag } = await client.send(withPayloadHash(new UploadPartCommand(part), sha256), {
          abortSignal,
        });
        parts[i] = { PartNumber, ETag, ChecksumSHA256 };
      }
      onBytes(length);
    }
  };
  try {
    const workers = Array.from({ length: Math.min(PARTS_AT_ONCE, image.partSha256.length) }, () =>
      worker().catch((error: unknown) => {
        stop.abort(); // stop the other workers, so that their failures cannot hide this one
        throw error;
      }),
    );
    await allOrFirstFailure(workers);
  } catch (error) {
    // The parts come from two different builds, so the upload cannot be resumed.
    if (isRefusedContent(error) || isFotaError(error, "IMAGE_CHANGED")) {
      const abort = new AbortMultipartUploadCommand({ ...address, UploadId: uploadId });
      await client.send(abort, { abortSignal: signal }).catch(() => undefined);
    }
    throw error;
  }
  const command = { ...address, UploadId: uploadId, MultipartUpload: { Parts: parts } };
  await client.send(new CompleteMultipartUploadCommand(command), { abortSignal: signal });
}

/** Signs with the digest that is known already; the SDK would hash the part once more. */
function withPayloadHash(command: UploadPartCommand, sha256: string): UploadPartCommand {
  command.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers["x-amz-content-sha256"] = sha256;
      return next(args);
    },
    { step: "build" },
  );
  return command;
}

/** Waits for all tasks, then throws the failure that came first: later ones are its consequences. */
async function allOrFirstFailure(tasks: readonly Promise<void>[]): Promise<void> {
  const all = Promise.all(tasks);
  await Promise.allSettled([all, ...tasks]);
  await all;
}

async function begin(
  client: S3Client,
  address: Address,
  image: ImageFile,
  { firmware, signal }: UploadOptions,
): Promise<string> {
  const options = {
    ContentType: "application/octet-stream",
    ChecksumAlgorithm: "SHA256" as const,
    Metadata: markOf(image, firmware),
  };
  const command = new CreateMultipartUploadCommand({ ...address, ...options });
  const { UploadId } = await client.send(command, { abortSignal: signal });
  return required(UploadId, "UploadId");
}

/** Returns the newest incomplete upload of the object; `undefined` if there is none or listing is not allowed. */
async function findUpload(
  client: S3Client,
  { Bucket, Key }: Address,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }), {
      abortSignal,
    });
    const own = Uploads.filter((upload) => upload.Key === Key);
    own.sort((a, b) => Number(b.Initiated ?? 0) - Number(a.Initiated ?? 0));
    return own[0]?.UploadId;
  } catch (error) {
    const status = httpStatusOf(error);
    if (status === 403 || status === 404 || status === 501) return undefined;
    throw error;
  }
}

async function listParts(
  client: S3Client,
  upload: Address & { UploadId: string },
  abortSignal: AbortSignal,
): Promise<Map<number, Part>> {
  const found = new Map<number, Part>();
  let marker: string | undefined;
  do {
    const command = new ListPartsCommand({
      ...upload,
      ...given({ PartNumberMarker: marker }),
    });
    const page = await client.send(command, { abortSignal });
    for (const { PartNumber = 0, ETag, ChecksumSHA256 } of page.Parts ?? []) {
      found.set(PartNumber, { etag: ETag, sha256: ChecksumSHA256 });
    }
    marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined);
  return found;
}
