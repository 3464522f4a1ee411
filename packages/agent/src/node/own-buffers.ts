import type { Buffers } from "../core/ports.js";

/** Allocates each buffer anew, and leaves it to the garbage collector. */
export const ownBuffers: Buffers = {
  take: (sizeBytes) => Buffer.allocUnsafeSlow(sizeBytes),
  giveBack: () => {},
};
