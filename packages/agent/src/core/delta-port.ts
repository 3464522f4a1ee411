import type { DownloadDevice, DownloadRequest, DownloadResult } from "./download-request.js";

/** Downloads images as patches. Create it with `createDelta` of `@fota/agent/delta`. */
export interface Delta {
  /**
   * Downloads the image of `request` into its slot: as a patch if `request.target.deltas` has one that this device can
   * use, else, or when that does not work, whole. Rejects only if the journal cannot be saved.
   */
  download(device: DownloadDevice, request: DownloadRequest): Promise<DownloadResult>;
}
