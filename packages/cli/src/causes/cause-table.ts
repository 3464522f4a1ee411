import { type Advice, CAUSES, type Cause } from "@fota/shared";
import {
  askOwnerAgain,
  checkObject,
  type FailedThing,
  fitDocument,
  publishForModel,
  publishFromAllowedBucket,
  publishHigherVersion,
  publishRepaired,
  publishSignedByTrustedKey,
  publishSignedForThing,
  publishVersionBetween,
  publishWithHigherSequence,
  publishWithLaterEnd,
  uploadAgain,
} from "./remedies.js";

export interface CauseEntry {
  /** Says in a few words what failed, if the code does not: two codes are the original library's. */
  title?: string;
  /** Says what the cause means and what to do, as docs/troubleshooting.md shows it. */
  what: string;
  advice: string;
  /** Says whether the same image can succeed on the same thing in a later attempt with a fresh URL. */
  canPass: boolean;
  /** Returns the command that fixes the cause. If absent, `fota retry` does. */
  remedy?: (failed: FailedThing) => Advice;
  /** Says what to do before `fota retry`. */
  retryFirst?: string;
}

/** Holds everything that `status`, `why` and `retry` know about the causes that devices report. */
export const CAUSE_TABLE: Readonly<Record<Cause, CauseEntry>> = {
  "bad fota data": {
    title: "unusable job document",
    what: "the device cannot act on the job document: a key is wrong, the slot is running or does not exist, or the image is larger than a slot. Nothing was touched",
    advice:
      "detail names it. Publish the image for the other slot, one for each slot (0=a.bin 1=b.bin), or --slot any if it is the same for every slot",
    canPass: false,
    remedy: fitDocument,
  },
  "wrong-model": {
    what: "bc_model is not the device's model",
    advice: "publish to the things of that model; check model in the build",
    canPass: false,
    remedy: publishForModel,
  },
  "version-too-low": {
    what: "bc_min is above the running version, or the device has no version set",
    advice: "publish the version in between first; set firmwareVersion in the build",
    canPass: false,
    remedy: publishVersionBetween,
  },
  downgrade: {
    what: "the build refuses older versions (allowDowngrade: false), and bc_version is below the running version or missing",
    advice:
      "publish a higher version with --fw-version; to go back on purpose, sign with --allow-downgrade, or build the old firmware with a higher version",
    canPass: false,
    remedy: publishHigherVersion,
  },
  "order-expired": {
    what: "bc_exp had passed when the device started the job",
    advice: "publish again with a later --valid-until; if the clock of the device is wrong, fix it",
    canPass: false,
    remedy: publishWithLaterEnd,
  },
  "signature-invalid": {
    what: "not enough keys that the device trusts signed the job document, the document was changed after signing, or the device could not verify it",
    advice:
      "sign with as many of its keys as the device requires: fota verify shows who signed; detail has an error of the device",
    canPass: false,
    remedy: publishSignedByTrustedKey,
  },
  "wrong-thing": {
    what: "bc_for names the things that the job document is for, and the device is none of them",
    advice: "publish to the things in bc_for, or sign with --for this thing",
    canPass: false,
    remedy: publishSignedForThing,
  },
  "sequence-refused": {
    what: "bc_seq is missing or below the number of the last signed document that the device confirmed, so the document is an old one; or it is so far above that no release can have it",
    advice: "sign again with a higher --seq; expected has the lowest number that the device takes",
    canPass: false,
    remedy: publishWithHigherSequence,
  },
  "host-refused": {
    what: "the host of the URL is not in allowedHosts, or the URL is http to a loopback address, which needs allowLoopbackHttp",
    advice: "publish from an allowed bucket, or build with its host; publish with https",
    canPass: false,
    remedy: publishFromAllowedBucket,
  },
  "url-refused": {
    what: "S3 answered 400, 401 or 403 (detail has S3's error code), also for fresh URLs",
    advice:
      "the URL expired, or its key was revoked: publish again, which presigns a new URL; for long rollouts use --presign iot",
    canPass: true,
  },
  // `fota retry` compares the object before it creates a job: once the object is right, a later attempt can succeed.
  "image-gone": {
    what: "the object at the URL no longer exists",
    advice: "the object was deleted: publish again",
    canPass: true,
    remedy: uploadAgain,
  },
  "image-changed": {
    what: "the object changed while it was fetched, twice",
    advice: "do not write to published objects; publish again",
    canPass: true,
    remedy: uploadAgain,
  },
  "download-failed": {
    what: "several attempts in a row made no progress (1 % or a journal step), the link was slower than the lowest rate, the server did not let the download resume, or it gave an answer that a retry does not change, such as a redirect",
    advice:
      "the last error is in detail: check the device's link, DNS and CA roots, and proxies that drop Range; publish again later",
    canPass: true,
  },
  "size-mismatch": {
    what: "the object does not have the size in the job document",
    advice: "something replaced it: publish again",
    canPass: true,
    remedy: uploadAgain,
  },
  "digest-mismatch": {
    what: "the image, read back from the slot, does not have the digest in the job document; it was not booted",
    advice:
      "if actual is the same on many devices, the object is wrong: publish again. On a single device, its storage or memory is failing",
    canPass: true,
    remedy: checkObject,
  },
  "slot-failed": {
    what: "the slot could not be erased, written, read or scheduled to boot",
    advice: "read detail: the disk may be full, missing or read-only",
    canPass: true,
    retryFirst: "fix the storage of the device",
  },
  "self-test-failed": {
    what: "the new image ran on trial and its self test failed, threw (detail) or took too long; the old one runs",
    advice: "fix the firmware, or the test",
    canPass: false,
    remedy: publishRepaired,
  },
  "reverted-by-hand": {
    what: "someone ended the trial of the new image by `fota-agent revert` on the device; the old one runs",
    advice: "ask who did it and why: the image itself may be fine",
    canPass: true,
    retryFirst: "ask who ended the trial on the device, and why",
  },
  "hook-failed": {
    what: "a hook of the build threw, or gave no valid answer in time, four times in a row",
    advice: "fix the hook; its error is in detail",
    canPass: true,
    retryFirst: "fix the hook",
  },
  refused: {
    what: "the device's owner refused the update: the only cause that ends as REJECTED",
    advice: "ask the owner; the reason is in detail",
    canPass: true,
    remedy: askOwnerAgain,
  },
  "invalid fota": {
    title: "new image not running",
    what: "the device restarted and does not run the new image: it crashed, hung or lost power on trial, or was never confirmed",
    advice: "read the device's own log of the trial, and fota-boot's; try the image on one device first",
    canPass: true,
    retryFirst: "read the device's log of the trial",
  },
};

function isCause(reason: string | null | undefined): reason is Cause {
  return CAUSES.some((cause) => cause === reason);
}

/** Returns the entry of a cause; `undefined` for a cause of other firmware, or none. */
export function causeEntry(reason: string | null | undefined): CauseEntry | undefined {
  return isCause(reason) ? CAUSE_TABLE[reason] : undefined;
}

/** Returns a cause for people, with its code: `new image not running (invalid fota)`, `digest-mismatch`. */
export function causeName(reason: string): string {
  const title = causeEntry(reason)?.title;
  return title === undefined ? reason : `${title} (${reason})`;
}

/** Returns whether a later attempt can succeed; true for an unknown cause. */
export function canPass(reason: string | null | undefined): boolean {
  return causeEntry(reason)?.canPass ?? true;
}
