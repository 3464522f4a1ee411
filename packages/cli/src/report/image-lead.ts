import type { Tone } from "../pages/look.js";
import type { ShownImage, ShownJob } from "../show/result.js";
import { formatTime } from "../terminal/format.js";

/** Says in a sentence whether devices can download and accept the image. */
export interface ImageLead {
  tone: Tone | undefined;
  text: string;
}

/** @param isOver true if no device downloads it any more */
export function imageLeadOf({ kind, fault, images }: ShownJob, isOver: boolean): ImageLead {
  if (kind === "other")
    return { tone: undefined, text: "It is not a fota job: its document is of another kind." };
  if (kind === "invalid") return { tone: "bad", text: `Devices refuse the job document: ${fault}.` };
  const bad = images.find(({ object }) => object === "missing" || object === "differs");
  if (bad !== undefined) return { tone: isOver ? undefined : "bad", text: objectText(bad) };
  const ends = images.flatMap(({ expiresAt }) => expiresAt ?? []).sort();
  const [first] = ends;
  if (images.some(({ expired }) => expired) && first !== undefined) {
    const text = `The URL expired at ${formatTime(first)}${isOver ? "." : ": devices that start now fail."}`;
    return { tone: isOver ? undefined : "bad", text };
  }
  if (first !== undefined)
    return { tone: undefined, text: `Devices can download the image until ${formatTime(first)}.` };
  return images.some(({ presign }) => presign === "iot")
    ? { tone: undefined, text: "AWS IoT presigns the URL each time a device asks." }
    : { tone: undefined, text: "The URL is not presigned: it works while the object is public." };
}

function objectText({ object }: ShownImage): string {
  return object === "missing"
    ? "The image is missing in S3: devices cannot download it."
    : "The object in S3 is not the image of the job document: updates fail.";
}
