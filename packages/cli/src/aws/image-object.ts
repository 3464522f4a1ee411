/** Where an image is in S3. */
export interface ImageObject {
  bucket: string;
  key: string;
}
