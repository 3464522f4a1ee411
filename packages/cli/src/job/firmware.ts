import { given } from "../given.js";
import { labelOf } from "./job-id.js";

/** Which firmware a job brings, as far as its description says it. */
export interface Firmware {
  version?: string | undefined;
  /** Name of the image, of the first where there are several. */
  image?: string | undefined;
}

const DESCRIPTION = /^(?:firmware (\S+), )?image ([\w.-]+)$/;

/** Returns the description of a job that is given none: DescribeJob has it, and no other trace of the firmware. */
export function describeFirmware({ version, image }: { version: string | undefined; image: string }): string {
  return version === undefined ? `image ${image}` : `firmware ${version}, image ${image}`;
}

/** Reads what `describeFirmware` wrote; nothing from a description of another kind. */
export function firmwareIn(description: string | undefined): { version?: string; image?: string } {
  const [, version, image] = DESCRIPTION.exec(description ?? "") ?? [];
  return given({ version, image });
}

/** Returns the version, or the name of the image, or what a job id of fota says of either; empty where nothing does. */
export function firmwareText({ jobId, version, image }: Firmware & { jobId: string }): string {
  return version ?? image ?? labelOf(jobId) ?? "";
}
