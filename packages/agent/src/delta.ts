import { inflateSync } from "fflate";
import { type DeltaOptions, PatchDownloads } from "./core/delta.js";
import type { Delta } from "./core/delta-port.js";

export type { DeltaOptions } from "./core/delta.js";
export type { Delta } from "./core/delta-port.js";

// An entry of its own: a build without patches carries none of this.

/**
 * Returns `delta` of a device: it downloads a patch where the job document has one that fits (`bc_delta`), and makes the
 * image from it and from the image in another slot, which it reads by `Slots.read`. Without `read`, it uses only
 * compressed images. Keeps nothing itself, so one for all devices is enough.
 */
export function createDelta(options: DeltaOptions = {}): Delta {
  return new PatchDownloads((payload, out) => inflateSync(payload, { out }).length, options);
}
