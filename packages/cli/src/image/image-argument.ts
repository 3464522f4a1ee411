/** An image as it was named; `slot` where the name said it: `1=app.bin`. */
export interface ImageArgument {
  path: string;
  slot: number | undefined;
}

/** The options that name images and where they go, with the words of the command line as values. */
export interface ImageOptions {
  /** Files: raw binaries, or JSON of `ztc -J link`; `1=app.bin` says the slot. Several are one slot-proof order. */
  images: readonly string[];
  /**
   * Slot that a raw image is linked for, or `any`: it is the same for every slot. Of several images, the one that the
   * legacy keys carry.
   */
  slot?: number | string;
  bucket?: string;
  prefix?: string;
}
