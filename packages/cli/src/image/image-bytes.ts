/** Random access to an image. An array is valid until the next call. */
export interface ImageBytes {
  sizeBytes: number;
  /** Reads `lengthBytes` bytes; fewer only at the end of the image. */
  read(offsetBytes: number, lengthBytes: number): Uint8Array;
  /** Returns some bytes from `offsetBytes` on: at least one, if that is inside the image. */
  pieceAt(offsetBytes: number): Uint8Array;
}

/** An image that stays open until `close`. */
export interface OpenImage extends ImageBytes {
  close(): Promise<void>;
}

/** Gives access to bytes in memory. */
export function imageInMemory(bytes: Uint8Array): OpenImage {
  return {
    sizeBytes: bytes.length,
    read: (offsetBytes, lengthBytes) => bytes.subarray(offsetBytes, offsetBytes + lengthBytes),
    pieceAt: (offsetBytes) => bytes.subarray(offsetBytes),
    close: async () => {},
  };
}
