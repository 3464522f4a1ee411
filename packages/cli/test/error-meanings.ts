import type { ErrorCode } from "@fota/shared";

interface Meaning {
  means: string;
  helps: string;
}

/** Scripts may test for every code that was ever published, so none leaves the list. */
const RESERVED: Meaning = { means: "reserved: this release does not report it", helps: "nothing to do" };

/** What docs/troubleshooting.md says of each error code. The hint that a command prints is more exact: it has the values. */
export const ERROR_MEANINGS: Readonly<Record<ErrorCode, Meaning>> = {
  // wrong input
  USAGE: {
    means: "an option or argument is missing, unknown or does not fit the others",
    helps: "read the `usage` line that follows, or run `fota help <command>`",
  },
  CONFIG_INVALID: {
    means:
      "`fota.config.json` or an option of the agent has a wrong value, or a key or certificate file is damaged",
    helps: "fix the value or file that the message names",
  },
  ENDPOINT_INVALID: {
    means: "an endpoint is not a URL, or devices would refuse its URLs",
    helps: "write the whole URL: https, or http only for this machine",
  },
  TARGET_INVALID: {
    means: "a target is not a valid name of a thing or group",
    helps: "write `--to my-thing` or `--to group:beta`",
  },
  TOO_MANY_TARGETS: {
    means: "there are more targets than AWS takes in one job",
    helps: "add `--make-group <name>`, which publishes to a static group",
  },
  SLOT_INVALID: {
    means: "the slot is missing, or the image was linked for another one",
    helps: "give `--slot 1`, or `--slot any` if the image is the same for every slot",
  },
  JOB_ID_INVALID: {
    means: "the text is not a job id",
    helps: "run `fota list` for the ids, or leave out `--job-id`",
  },
  EXPIRES_INVALID: {
    means: "`--expires` is out of range, or longer than the credentials last",
    helps: "give a shorter time, or use `--presign iot`",
  },
  VERSION_INVALID: {
    means: "a version does not have the form of a version",
    helps: "write 1.4.0, v2 or 1.4.0-rc.1+build7",
  },
  QUERY_INVALID: {
    means: "AWS IoT does not understand a query of the fleet index",
    helps: "compare it with [What runs where](fleet.md#publish-to-a-query)",
  },
  ROLLOUT_INVALID: {
    means: "a preset or option of the rollout or schedule is wrong",
    helps: "compare it with [Rollout](publish.md#rollout)",
  },
  DECLINED: {
    means: "a question was answered with no, or could not be asked without a terminal",
    helps: "add `--yes` in scripts",
  },
  // the image
  IMAGE_NOT_FOUND: {
    means: "there is no file with that name, or the object of an old job was deleted",
    helps: "check the path, or publish the file again",
  },
  IMAGE_UNREADABLE: {
    means: "the image cannot be read",
    helps: "check its owner and mode, and that it is a file",
  },
  IMAGE_EMPTY: { means: "the image has 0 bytes", helps: "check that the build finished" },
  IMAGE_INVALID: {
    means: "a `.json` file is not an image that `ztc` wrote",
    helps: "link with `ztc -J link --file`, or rename a raw binary",
  },
  IMAGE_TOO_LARGE: { means: "the image is larger than any slot", helps: "check that the file is the image" },
  IMAGE_CHANGED: {
    means: "the image changed while fota read it, or the object in S3 is no longer the one of the job",
    helps: "let the build finish, then publish again",
  },
  DELTA_INVALID: {
    means: "a patch is damaged, or made for other images",
    helps: "compare the images with `fota delta info`, and make the patch again",
  },
  UPLOAD_CORRUPT: {
    means: "the object in S3 is not what was sent; no job was created",
    helps: "publish again",
  },
  // the job document
  DOCUMENT_INVALID: {
    means: "a job document breaks a rule of the format",
    helps: "compare it with [the job document](job-document.md)",
  },
  DOCUMENT_TOO_LARGE: {
    means: "the job document is longer than AWS or the device accepts",
    helps: "use `--presign iot`, which writes short placeholders instead of URLs",
  },
  SIGNATURE_INVALID: {
    means: "a signature is wrong or missing, or a change of the trusted keys is not signed by enough keys",
    helps: "sign again with a key that the devices trust",
  },
  KEY_INVALID: {
    means: "a key cannot sign: it is not an Ed25519 private key, or the passphrase is missing or wrong",
    helps: "check the file and the passphrase, or make a key with `fota keygen`",
  },
  SIGNER_FAILED: {
    means: "a signer did not sign, or its signature does not verify with its public key; nothing was changed",
    helps: "run the command of `--sign-with` by itself, and check `--public-key`",
  },
  DOCUMENT_DIFFERS: {
    means: "the document of `--document` was signed for other images or options; nothing was changed",
    helps: "publish the images that were signed, or sign a new document",
  },
  // AWS
  NO_CREDENTIALS: {
    means: "no AWS credentials were found, or a profile is incomplete",
    helps: "set a `--profile`, sign in again, or add `--local` for the stand-in",
  },
  CREDENTIALS_REFUSED: {
    means: "AWS refused the credentials: they are wrong, expired or the clock is off",
    helps: "sign in again; set the clock of this machine",
  },
  NO_REGION: { means: "no AWS region is set", helps: "add `--region`, or set `AWS_REGION`" },
  ACCESS_DENIED: {
    means: "the credentials lack a permission, which the message names",
    helps: "run `fota doctor`: it prints the policy to attach",
  },
  ENDPOINT_UNREACHABLE: {
    means: "no answer from AWS or the stand-in, or the presigned URL cannot be fetched",
    helps: "check the network, DNS and the endpoint; run `fota doctor`",
  },
  THROTTLED: {
    means: "AWS still limits the rate after several retries",
    helps: "wait a minute, then repeat the command",
  },
  THING_NOT_FOUND: {
    means: "there is no thing of that name, or the job has no execution on it",
    helps: "check spelling, capitals, region and account, or run `fota thing create`",
  },
  GROUP_NOT_FOUND: {
    means: "there is no thing group of that name",
    helps:
      "check spelling, capitals, region and account; `fota publish --to <thing> --make-group <name>` makes a group of things",
  },
  GROUP_EMPTY: {
    means: "the group has no things",
    helps: "add things first, or use `--continuous` for those that join later",
  },
  INDEX_OFF: {
    means: "AWS IoT does not index the things of the account, or not yet",
    helps: "`fota fleet --index` turns fleet indexing on; the first index takes some minutes",
  },
  GROUP_EXISTS: {
    means: "the group for `--make-group` exists with other things",
    helps: "choose another name, or publish to the group",
  },
  IDENTITY_INVALID: {
    means: "the folder of a device has a certificate or file that does not fit the thing",
    helps: "check the account, or use another `--out` folder",
  },
  BUCKET_NOT_FOUND: {
    means: "there is no bucket of that name",
    helps: "check its name, or run `fota init` to make it",
  },
  BUCKET_WRONG_REGION: {
    means: "the bucket is in another region",
    helps: "set the region of the bucket, or use a bucket in the region of the things",
  },
  BUCKET_TAKEN: { means: "the bucket belongs to another account", helps: "choose another name" },
  JOB_NOT_FOUND: {
    means: "there is no such job",
    helps: "check the id, region and account; run `fota list`",
  },
  JOB_AMBIGUOUS: { means: "that text names several jobs", helps: "type more of the id" },
  JOB_EXISTS: {
    means: "a job with that id exists with other content",
    helps: "give another `--job-id`, or leave it out",
  },
  JOB_ENDED: {
    means: "the job has ended: there is nothing to cancel",
    helps: "run `fota status <job>` to see how",
  },
  JOB_NOT_ENDED: { means: "the job has not ended", helps: "wait, or run `fota cancel` first" },
  ROLLOUT_CHANGED: {
    means: "the plan differs from the rollout of its name, which has started; nothing was changed",
    helps: "change the plan back, or give it another name; see [A changed plan](rollout.md#a-changed-plan)",
  },
  JOB_NOT_PROVEN: {
    means: "the job has not succeeded on enough things to be promoted",
    helps: "wait for them, or see [promote](operations.md#promote)",
  },
  NOTHING_TO_RETRY: { means: "no thing of the job needs a retry", helps: "run `fota status <job>`" },
  ORDER_EXPIRED: {
    means: "the job document has expired: no device starts it",
    helps: "publish the image again with a later expiry",
  },
  EXECUTION_STATE: {
    means: "the state of the thing does not allow it, such as a cancel while it is in progress",
    helps: "run `fota status <job>`, or add `--force`",
  },
  PACKAGE_NOT_FOUND: {
    means: "the software package version of the job does not exist any more",
    helps: "publish the image again with `--package`",
  },
  PACKAGE_DIFFERS: {
    means: "the software package has that version already, for another image or model",
    helps: "give the firmware another `--fw-version`",
  },
  ROLE_NOT_FOUND: {
    means: "there is no role of that name",
    helps: "check name and account, or run `fota init`",
  },
  ROLE_INVALID: {
    means: "the role cannot presign: it is in another account or does not trust AWS IoT",
    helps: "run `fota doctor`, and see [who presigns](publish.md#who-presigns-the-url)",
  },
  URL_OUTLIVED: {
    means: "the last device may start after the URL has expired",
    helps: "use `--presign iot`, a faster rollout, an `--end`, or a longer `--expires`",
  },
  LEGACY_UNSAFE: {
    means: "a device with the original library would fail on this job",
    helps: "see [moving a fleet](migrate.md)",
  },
  AWS_ERROR: {
    means: "AWS answered with an error that fota does not know",
    helps: "read the message; add `--debug` to see the requests",
  },
  // the stand-in
  LOCAL_NOT_RUNNING: { means: "no `fota local` answers", helps: "start `fota local` in another terminal" },
  LOCAL_DIR_INVALID: {
    means: "the state in `--dir` cannot be used",
    helps: "restore the folder, or use another one",
  },
  LOCAL_DIR_IN_USE: {
    means: "another `fota local` uses the folder",
    helps: "stop it, or use another `--dir`",
  },
  FAULT_INVALID: {
    means: "a fault rule of the stand-in is wrong",
    helps: "see [faults](local.md#faults-and-time)",
  },
  PORT_IN_USE: { means: "another program listens on the port", helps: "stop it, or choose another `--port`" },
  // the device
  MQTT_UNREACHABLE: {
    means: "the device cannot connect to the broker",
    helps: "check the endpoint, port 8883, DNS, the proxy if there is one, the certificate and its policy",
  },
  MQTT_CLOSED: {
    means: "the connection was closed during a request",
    helps: "wait: the agent retries on its own",
  },
  REQUEST_REJECTED: {
    means: "AWS IoT refused a request of the device",
    helps:
      "check the policy of the certificate against [the device guide](device-guide.md#what-the-certificate-may-do)",
  },
  REQUEST_TIMED_OUT: {
    means: "no answer arrived in time",
    helps: "wait: the agent retries. If it repeats, check the policy of the certificate",
  },
  RESPONSE_INVALID: RESERVED,
  IMAGE_NOT_VERIFIED: {
    means: "`test` was called, but the slot does not hold the image",
    helps: "call `update` first, and continue only if it returns true",
  },
  SLOT_RUNNING: { means: "the slot to write is running", helps: "write to a slot that is not running" },
  SLOT_ACCESS: {
    means: "a slot cannot be read or written",
    helps: "check the disk, its free space, and the owner and mode of the folder",
  },
  BOOT_RECORD_INVALID: {
    means: "the boot record is missing or damaged",
    helps: "reinstall a known good image: `fota-boot --dir DIR --install IMAGE --force`",
  },
  TRIAL_OVER: {
    means: "the boot loader ended this trial: it can no longer be confirmed",
    helps: "restart the device",
  },
  FALLBACK_MISSING: {
    means: "no image is left to revert to, so an update would be unsafe",
    helps: "reinstall a known good image with `fota-boot --install`",
  },
  STATE_INVALID: RESERVED,
  STATE_ACCESS: {
    means: "the saved state cannot be read or written",
    helps: "check the disk, and the owner and mode of the folder",
  },
  DEVICE_BUSY: {
    means:
      "another process uses the folder of the device, or `fota-agent` is in the middle of a restart or a trial that excludes the command",
    helps: "stop that process, or give each device a folder; or follow the hint",
  },
  RUNNING_SLOT_UNKNOWN: {
    means: "the agent cannot tell which slot runs",
    helps: "start the firmware with `fota-boot`, or pass `runningSlot`",
  },
  // files and output
  FILE_ACCESS: { means: "a file cannot be read or written", helps: "check its path, owner, mode and disk" },
  OUTPUT_FAILED: {
    means: "the output cannot be written; what the command changed stays changed",
    helps: "check the disk, or the program that reads the output",
  },
  // waiting
  WAIT_TIMED_OUT: {
    means: "the job had not ended when the time for `--wait` was over; it continues",
    helps: "run `fota status <job>`",
  },
  INTERRUPTED: {
    means: "Ctrl-C or a signal ended the command",
    helps: "run the same command again: it repeats safely",
  },
};
