/** Holds an image as the user named it, with `slot` if the name had it: `1=app.bin`. */
export interface ImageArgument {
  path: string;
  slot: number | undefined;
}

/** Holds the options that name images and where they go, with the command line's texts as values. */
export interface ImageOptions {
  /**
   * Lists files: raw binaries, or JSON of `ztc -J link`; `1=app.bin` names the slot. Several images make one job
   * document that has one for each slot.
   */
  images: readonly string[];
  /**
   * The slot that a raw image is linked for, or `any` if the image is the same for every slot. Of several images,
   * the one for this slot fills the legacy keys.
   */
  slot?: number | string;
  bucket?: string;
  prefix?: string;
}
