import { isPresignPlaceholder } from "@fota/shared";
import { needsPathStyle } from "../aws/access.js";
import type { ImageObject } from "../aws/image-object.js";

/**
 * Returns the object that a document's URL or placeholder points to; `undefined` if it is not in S3. `s3Endpoint` is
 * the configured endpoint of S3, `undefined` for AWS's own.
 */
export function objectOfUrl(url: string, s3Endpoint: string | undefined): ImageObject | undefined {
  const target = isPresignPlaceholder(url) ? targetOfPlaceholder(url) : url;
  if (!URL.canParse(target)) return undefined;
  const { hostname, pathname, host } = new URL(target);
  const path = decoded(pathname.slice(1));
  if (path === undefined) return undefined;
  const own = s3Endpoint === undefined ? undefined : new URL(s3Endpoint).host;
  if (host === own || /^s3[.-]/.test(hostname) || needsPathStyle(target)) {
    const [bucket = "", ...key] = path.split("/");
    return objectOr(bucket, key.join("/"));
  }
  const atAws = /^(.+?)\.s3[.-][a-z0-9.-]*amazonaws\.com(\.cn)?$/.exec(hostname)?.[1];
  const atOwn = own !== undefined && host.endsWith(`.${own}`) ? host.slice(0, -own.length - 1) : undefined;
  return objectOr(atAws ?? atOwn ?? "", path);
}

/** Returns the URL inside a placeholder; in a `-v2` placeholder it is encoded. */
function targetOfPlaceholder(placeholder: string): string {
  const url = placeholder.slice(placeholder.indexOf("http"), -1);
  return url.includes("%3A") || url.includes("%3a") ? (decoded(url) ?? "") : url;
}

function objectOr(bucket: string, key: string): ImageObject | undefined {
  return bucket === "" || key === "" ? undefined : { bucket, key };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
