/**
 * What AWS IoT replaces with a presigned URL each time a device asks for the document. Source: AWS IoT Developer
 * Guide, "Create and manage jobs": `${aws:iot:s3-presigned-url:<S3 URL>}`, `-v1`, and `-v2` with an encoded URL.
 */
const PLACEHOLDER_PREFIXES = [
  "${aws:iot:s3-presigned-url:",
  "${aws:iot:s3-presigned-url-v1:",
  "${aws:iot:s3-presigned-url-v2:",
] as const;

/** Longest `bc_url`, characters: a presigned URL with a session token is about 2,000. */
export const IMAGE_URL_MAX_LENGTH = 8_192;

/** Whether `url` is still the placeholder: AWS replaces it, so a device that sees one was served by something else. */
export function isPresignPlaceholder(url: string): boolean {
  return url.endsWith("}") && PLACEHOLDER_PREFIXES.some((prefix) => url.startsWith(prefix));
}

/**
 * Whether an image may be fetched from `url`: https from anywhere, http only from a loopback address, no white space
 * or control characters, no credentials in it. Walks the text once; a regular expression over a URL of thousands of
 * characters is what a small device engine runs out of memory in.
 */
export function isImageUrl(url: string): boolean {
  if (url.length > IMAGE_URL_MAX_LENGTH) return false;
  for (let i = 0; i < url.length; i += 1) {
    const code = url.charCodeAt(i);
    if (code <= 0x20 || code === 0x5c || code === 0x7f) return false;
  }
  const host = imageHost(url);
  if (host === undefined || host === "") return false;
  return url.startsWith("https://") || isLoopbackHost(host);
}

/** The host of an `http(s)://host[:port]/...` URL, lower case; `undefined` where it has none or names a user. */
export function imageHost(url: string): string | undefined {
  const start = url.startsWith("https://") ? 8 : url.startsWith("http://") ? 7 : -1;
  if (start < 0) return undefined;
  let end = url.length;
  for (const stop of ["/", "?", "#"]) {
    const at = url.indexOf(stop, start);
    if (at >= 0 && at < end) end = at;
  }
  const authority = url.slice(start, end).toLowerCase();
  if (authority.includes("@")) return undefined;
  if (authority.startsWith("[")) return authority.slice(0, authority.indexOf("]") + 1);
  const colon = authority.indexOf(":");
  return colon < 0 ? authority : authority.slice(0, colon);
}

/** 127.0.0.0/8, ::1 and localhost (RFC 6761 keeps that name for loopback). */
function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
