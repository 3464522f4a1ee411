import type { Advice } from "@fota/shared";
import { type PublishNeeds, publishCommand } from "../image/publish-command.js";

/**
 * Holds the facts that a remedy depends on: the things that failed with one cause, and what the first one reported. A remedy is the command that fixes the cause; its text
 * says in the third person what the command does. Placeholders stand for what only the reader knows, such as the new
 * image.
 */
export interface FailedThing {
  jobId: string;
  /** What `fota publish` goes to: each thing with the cause, or `@` and a file that the reader writes. */
  targets: readonly string[];
  detail?: string | undefined;
  expected?: string | undefined;
  actual?: string | undefined;
  /** What `fota publish` must name. */
  publish: PublishNeeds;
}

/** Suggests a document that the device can use: for another slot, with a smaller image, or without the fault. */
export function fitDocument(failed: FailedThing): Advice {
  const { jobId, detail, expected } = failed;
  if (detail === undefined) {
    // The original library gives no detail; fota's agent always does.
    const text = "publishes the image for the other slot: most often the slot that it is for is running";
    return publish(failed, text, { "--slot": "<other slot>" });
  }
  const [, running] = /\bslot (\d+) is the running one/.exec(detail) ?? [];
  if (/larger than slot/.test(detail)) {
    const most = expected === undefined ? "the slot" : `the slot: ${expected} bytes`;
    return { command: ["show", jobId], text: `shows the size of the image; build one that fits ${most}` };
  }
  if (/placeholder/.test(detail)) {
    return {
      command: ["doctor", "--presign", "iot"],
      text: "finds out why AWS IoT does not presign the URL",
    };
  }
  if (running !== undefined) {
    const other = running === "0" || running === "1" ? String(1 - Number(running)) : "<other slot>";
    const text = `publishes the image that is built for the free slot: the thing runs slot ${running}; use --slot any if the image is the same for every slot`;
    return publish(failed, text, { "--slot": other });
  }
  if (/\bslot \d+ /.test(detail)) {
    return publish(failed, "publishes the image for a slot that is free", { "--slot": "<other slot>" });
  }
  return { command: ["show", jobId], text: "shows the job document and what is wrong with it" };
}

export function publishForModel(failed: FailedThing): Advice {
  const { jobId, actual } = failed;
  if (actual === "none") {
    const text = "shows the model that the image is for; the device has none set: set `model` in its build";
    return { command: ["show", jobId], text };
  }
  const model = wordOf(actual);
  const text =
    model === undefined
      ? "publishes the image that is built for the model of the thing"
      : `publishes the image that is built for ${model}, the model of the thing`;
  return publish(failed, text, { "--model": model ?? "<model>" });
}

export function publishVersionBetween(failed: FailedThing): Advice {
  const version = versionIn(failed.expected);
  const text = "publishes a version that the running one can update to; after that, retry this job";
  return publish(failed, text, { "--fw-version": version ?? "<version between>" });
}

export function publishHigherVersion(failed: FailedThing): Advice {
  const version = versionIn(failed.expected);
  const text = `publishes a build with a version ${version === undefined ? "above the running one" : `of ${version} or more`}; to go back on purpose, add --allow-downgrade and --sign`;
  return publish(failed, text, { "--fw-version": "<version>" });
}

export function publishWithLaterEnd(failed: FailedThing): Advice {
  const text = "publishes the image with a later expiry; check the clock of the device as well";
  return publish(failed, text, { "--sign": "<key>", "--valid-until": "<time>" });
}

export function publishSignedByTrustedKey(failed: FailedThing): Advice {
  const text = `publishes with the signatures that the device requires, with --sign for each key; \`fota verify ${failed.jobId} --keys <key set>\` shows who signed`;
  return publish(failed, text, { "--sign": "<key>" });
}

export function publishSignedForThing(failed: FailedThing): Advice {
  const text = "publishes a document that is signed for this thing";
  const [thing = "<thing>", ...others] = failed.targets;
  const isOne = others.length === 0 && !isFile([thing]);
  return publish(failed, text, { "--sign": "<key>", "--for": isOne ? thing : "<each thing>" });
}

export function publishWithHigherSequence(failed: FailedThing): Advice {
  const [number = "<number>"] = /\d+/.exec(failed.expected ?? "") ?? [];
  const text = `publishes with a sequence number that the device takes${number === "<number>" ? "" : `: ${number} or more`}`;
  return publish(failed, text, { "--sign": "<key>", "--seq": number });
}

export function publishFromAllowedBucket(failed: FailedThing): Advice {
  if (/^http to /.test(failed.detail ?? "")) {
    return publish(
      failed,
      "publishes with an https URL; for `fota local`, build the device with allowLoopbackHttp: true instead",
    );
  }
  const text = "publishes from a bucket whose host is in the allowedHosts of the device";
  return publish(failed, text, { "--bucket": "<bucket>" });
}

export function uploadAgain(failed: FailedThing): Advice {
  return publish(failed, "uploads the image again, which must not be written to while devices fetch it");
}

export function checkObject({ jobId }: FailedThing): Advice {
  const text =
    "checks whether the object in S3 is still the image; if it is, the storage of the device is failing";
  return { command: ["show", jobId], text };
}

export function publishRepaired(failed: FailedThing): Advice {
  return publish(failed, "publishes a fixed build: this one did not pass its self test");
}

export function askOwnerAgain({ jobId }: Pick<FailedThing, "jobId">): Advice {
  return {
    command: ["retry", jobId, "--only", "rejected"],
    text: "asks the device again, once its owner agrees",
  };
}

function publish(
  { jobId, targets, publish: needs }: FailedThing,
  text: string,
  options: Readonly<Record<string, string>> = {},
): Advice {
  const list = `; the file has one name a line: \`fota status ${jobId} --failed\` lists them`;
  return {
    command: publishCommand(targets, needs, options),
    text: isFile(targets) ? `${text}${list}` : text,
  };
}

/** Returns whether the targets are in a file; the name of a thing has no `@`. */
function isFile([first]: readonly string[]): boolean {
  return first?.startsWith("@") === true;
}

/** Returns the version in `at least 1.2.0`. */
function versionIn(expected: string | undefined): string | undefined {
  return wordOf(expected?.replace(/^at least /, ""));
}

/** Returns what a device reported, if it can be the value of an option on a command line. */
function wordOf(text: string | undefined): string | undefined {
  return text !== undefined && /^\w[\w.:+-]{0,127}$/.test(text) ? text : undefined;
}
