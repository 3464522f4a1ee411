/** The parts of the URL of an HTTP proxy. */
export interface ProxyUrl {
  /** True if the connection to the proxy itself is TLS. */
  secure: boolean;
  /** An IPv6 address has no brackets. */
  host: string;
  port: number;
  /** `user:password`, decoded; `undefined` if the URL has none. */
  login: string | undefined;
}

const PROXY_URL =
  /^(https?):\/\/(?:([^\s/?#@]*)@)?(?:\[([0-9a-f:.]+)\]|([^\s/?#@:[\]\\]+))(?::(\d{1,5}))?\/?$/i;

/**
 * Parses the URL of an HTTP proxy: `http://` or `https://`, a login with special characters percent-encoded, a host and
 * a port (default: 80 or 443). Returns `undefined` for any other text.
 */
export function parseProxyUrl(text: string): ProxyUrl | undefined {
  const [, scheme = "", encodedLogin, bracketed, name, digits] = PROXY_URL.exec(text) ?? [];
  const host = bracketed ?? name;
  if (host === undefined) return undefined;
  const secure = scheme.toLowerCase() === "https";
  const port = digits === undefined ? (secure ? 443 : 80) : Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  try {
    return { secure, host, port, login: encodedLogin === undefined ? undefined : decodeLogin(encodedLogin) };
  } catch {
    return undefined; // a % that begins no encoded character
  }
}

const VARIABLES = ["https_proxy", "http_proxy", "all_proxy"];

/**
 * Returns the proxy of a variable without a scheme, such as `proxy:3128`, as an `http` URL: so do curl and the AWS command
 * line tool. `chosen` is what proxy-from-env returns, which puts the scheme of the target in front of it.
 */
export function assumeHttp(chosen: string, env: Readonly<Record<string, string | undefined>>): string {
  const isWhole = VARIABLES.some((name) => [env[name], env[name.toUpperCase()]].includes(chosen));
  return isWhole ? chosen : chosen.replace(/^https:/, "http:");
}

function decodeLogin(text: string): string {
  const colon = text.indexOf(":");
  const [user, password] = colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
  return `${decodeURIComponent(user)}:${decodeURIComponent(password)}`;
}

/** Replaces the login of a URL by `***`, also where its special characters are not encoded. */
export function hideLogin(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1***@");
}
