import { given } from "../given.js";
import { labelOf } from "./job-id.js";

/** Says which firmware a job installs, as far as its description tells. */
export interface Firmware {
  version?: string | undefined;
  /** Names the image, the first one if there are several. */
  image?: string | undefined;
}

const DESCRIPTION = /^(?:firmware (\S+), )?image ([\w.-]+)$/;

/**
 * Returns the description of a job for which the user gave none. DescribeJob returns no other trace of the firmware.
 */
export function describeFirmware({ version, image }: { version: string | undefined; image: string }): string {
  return version === undefined ? `image ${image}` : `firmware ${version}, image ${image}`;
}

/** Parses what `describeFirmware` wrote; returns `{}` for any other description. */
export function firmwareIn(description: string | undefined): { version?: string; image?: string } {
  const [, version, image] = DESCRIPTION.exec(description ?? "") ?? [];
  return given({ version, image });
}

/** Three numbers as in a job id, which cannot hold dots. */
const NUMBERS = /^(\d+)-(\d+)-(\d+)$/;

/**
 * Returns the version, else the name of the image, else the label in the job id, in which a version of three numbers
 * gets its dots back; empty if there is none.
 */
export function firmwareText({ jobId, version, image }: Firmware & { jobId: string }): string {
  return version ?? image ?? labelOf(jobId)?.replace(NUMBERS, "$1.$2.$3") ?? "";
}
