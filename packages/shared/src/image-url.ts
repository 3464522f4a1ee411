/**
 * Placeholders that AWS IoT replaces with a presigned URL each time a device asks for the document. Source: AWS IoT
 * Developer Guide, "Create and manage jobs": `${aws:iot:s3-presigned-url:<S3 URL>}`, `-v1`, and `-v2` with an encoded
 * URL.
 */
const PLACEHOLDER_PREFIXES = [
  "${aws:iot:s3-presigned-url:",
  "${aws:iot:s3-presigned-url-v1:",
  "${aws:iot:s3-presigned-url-v2:",
] as const;

/** Longest `bc_url` in characters. A presigned URL with a session token has about 2,000. */
export const IMAGE_URL_MAX_LENGTH = 8_192;

/** Tells whether `url` is a presign placeholder. A device that sees one got a document that AWS did not presign. */
export function isPresignPlaceholder(url: string): boolean {
  return url.endsWith("}") && PLACEHOLDER_PREFIXES.some((prefix) => url.startsWith(prefix));
}

/** The parts of an http or https URL, with its path unchanged. */
export interface ImageUrl {
  secure: boolean;
  /** In lower case; an IPv6 address has no brackets. */
  host: string;
  port: number;
  /** Path and query, as sent to the server. */
  path: string;
}

/**
 * Parses an image URL. Returns `undefined` for everything in which another parser could see another host, because the
 * host is checked here and used elsewhere: white space, control characters, `\`, characters outside ASCII, a user, an
 * encoded host, a trailing dot, an empty or invalid port, an IPv4 address that is not four decimal numbers, and text
 * after an IPv6 address. Scans the URL once, because a regular expression over thousands of characters exhausts the
 * memory of small JavaScript engines.
 */
export function parseImageUrl(url: string): ImageUrl | undefined {
  const start = url.startsWith("https://") ? 8 : url.startsWith("http://") ? 7 : -1;
  if (start < 0) return undefined;
  let authorityEnd = url.length;
  let pathEnd = url.length;
  for (let i = start; i < url.length; i += 1) {
    const code = url.charCodeAt(i);
    if (code <= 0x20 || code === 0x5c || code >= 0x7f) return undefined;
    if (i < authorityEnd && (code === 0x2f || code === 0x3f || code === 0x23)) authorityEnd = i;
    if (i < pathEnd && code === 0x23) pathEnd = i;
  }
  const secure = start === 8;
  const authority = parseAuthority(url.slice(start, authorityEnd), secure);
  const path = url.slice(authorityEnd, pathEnd);
  return authority && { secure, ...authority, path: path.startsWith("/") ? path : `/${path}` };
}

/** Length of the longest DNS name (RFC 1035, 2.3.4) plus a port. */
const AUTHORITY_MAX_LENGTH = 253 + 6;

function parseAuthority(authority: string, secure: boolean): { host: string; port: number } | undefined {
  if (authority.length > AUTHORITY_MAX_LENGTH) return undefined;
  const [, bracketed, name = "", digits] =
    /^(?:\[([0-9a-f:.]+)\]|([0-9a-z._-]+))(?::([1-9][0-9]{0,4}))?$/.exec(authority.toLowerCase()) ?? [];
  const host = bracketed ?? name;
  const port = digits === undefined ? (secure ? 443 : 80) : Number(digits);
  const isHost = bracketed === undefined ? isName(name) : isIpv6(bracketed);
  return isHost && port <= 65_535 ? { host, port } : undefined;
}

/** Tells whether `host` is a DNS name or an IPv4 address. A host that ends in a number is IPv4 (WHATWG URL, 3.5). */
function isName(host: string): boolean {
  const labels = host.split(".");
  if (labels.some((label) => label === "" || label.length > 63)) return false;
  if (!/^(?:[0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "")) return true;
  return isIpv4(labels);
}

function isIpv4(labels: readonly string[]): boolean {
  return (
    labels.length === 4 &&
    labels.every((label) => /^(?:0|[1-9][0-9]{0,2})$/.test(label) && Number(label) < 256)
  );
}

/** Tells whether `address` is IPv6 (RFC 4291, 2.2): eight groups, or fewer with one `::`. The last two may be IPv4. */
function isIpv6(address: string): boolean {
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const endsInIpv4 = last.includes(".");
  if (endsInIpv4 && (address.endsWith("::") || !isIpv4(last.split(".")))) return false;
  const hex = endsInIpv4 ? groups.slice(0, -1) : groups;
  if (!hex.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return false;
  const count = hex.length + (endsInIpv4 ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}

/** Tells whether an image may be downloaded from `url`: https from any host, http only from a loopback address. */
export function isImageUrl(url: string): boolean {
  if (url.length > IMAGE_URL_MAX_LENGTH) return false;
  const parsed = parseImageUrl(url);
  return parsed !== undefined && (parsed.secure || isLoopbackHost(parsed.host));
}

/** Returns the host of an image URL in lower case, with an IPv6 address in brackets; `undefined` if it is not valid. */
export function imageHost(url: string): string | undefined {
  const host = parseImageUrl(url)?.host;
  return host?.includes(":") ? `[${host}]` : host;
}

/** Tells whether `host` is 127.0.0.0/8, ::1 or localhost (reserved for loopback by RFC 6761). */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.[0-9.]+$/.test(host);
}
