/** An object that a placeholder or `documentSource` names. */
export interface S3Object {
  bucket: string;
  key: string;
  versionId?: string;
}

/**
 * Parses `https://s3.amazonaws.com/<bucket>/<key>`, the same with a region, and `https://<bucket>.s3.<region>...`. The
 * key is not decoded. Returns `undefined` for anything else. Source: AWS IoT Developer Guide, "Create and manage jobs".
 */
export function parsePlainS3Url(url: string): S3Object | undefined {
  const match = /^https:\/\/(?:([^/]+?)\.)?s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?\/(.+)$/.exec(url);
  const [, host, rest = ""] = match ?? [];
  const slash = rest.indexOf("/");
  const [bucket, key] = host === undefined ? [rest.slice(0, slash), rest.slice(slash + 1)] : [host, rest];
  return match === null || bucket === "" || key === "" || (host === undefined && slash < 0)
    ? undefined
    : { bucket, key };
}

/** Parses the same URLs with a percent-encoded key, optionally followed by `?versionId=<id>`, encoded or not. */
export function parseEncodedS3Url(url: string): S3Object | undefined {
  const object = parsePlainS3Url(url);
  if (object === undefined) return undefined;
  try {
    const key = decodeURIComponent(object.key);
    const [, withoutVersion, versionId] = /^(.+)\?versionId=([^&]+)$/.exec(key) ?? [];
    if (withoutVersion === undefined || versionId === undefined) return { bucket: object.bucket, key };
    return { bucket: object.bucket, key: withoutVersion, versionId };
  } catch {
    return undefined;
  }
}
