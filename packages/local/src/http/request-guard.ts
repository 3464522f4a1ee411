/**
 * Refuses requests of web pages. The stand-in accepts any key pair, so signatures do not keep pages out: a page must not
 * reach the things and certificates of the user whose browser shows it, neither from its own origin, nor under its own
 * host name that its DNS resolves to 127.0.0.1.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { FotaError } from "@fota/shared";

export interface RequestGuardOptions {
  /**
   * Host names to allow in addition to IP addresses, localhost and AWS's names; `*.name` allows all names below `name`.
   */
  allowHosts?: readonly string[];
  /** Origins (`scheme://host[:port]`) of pages that may use the stand-in. */
  allowOrigins?: readonly string[];
}

/** Why a request is refused. */
export interface GuardRefusal {
  message: string;
  hint: string;
}

export interface RequestGuard {
  /** Checks `Host`, `Origin` and the `Sec-Fetch-` headers; returns why the request is refused, or `undefined`. */
  refusalOf(request: Pick<IncomingMessage, "method" | "headers" | "socket">): GuardRefusal | undefined;
  /** Returns the origin of a page that may read the answer; `undefined` for a request that is not from such a page. */
  allowedOrigin(request: Pick<IncomingMessage, "headers">): string | undefined;
}

/**
 * Domains that only AWS controls, so that the owner of a page cannot make a name in them resolve to the loopback.
 * Source: AWS partitions and their DNS suffixes, including dual stack.
 */
const AWS_DOMAINS = [
  "amazonaws.com",
  "amazonaws.com.cn",
  "amazonaws.eu",
  "api.aws",
  "api.amazonwebservices.com.cn",
  "api.amazonwebservices.eu",
  "aws.amazon.com",
  "aws.amazon.com.cn",
  "c2s.ic.gov",
  "sc2s.sgov.gov",
  "csp.hci.ic.gov",
  "cloud.adc-e.uk",
];

/** @throws {FotaError} USAGE for an invalid host name or origin */
export function createRequestGuard({
  allowHosts = [],
  allowOrigins = [],
}: RequestGuardOptions): RequestGuard {
  const names = allowHosts.map(parseHostName);
  const origins = new Set(allowOrigins.map(parseOrigin));

  const isOwnName = (name: string) =>
    isIP(name) !== 0 ||
    isSubdomain(name, "localhost") ||
    names.some((each) =>
      each.startsWith("*.") ? name.endsWith(each.slice(1)) && name.length > each.length - 1 : name === each,
    );

  let lastOwnHost: string | undefined; // the requests of a client all have the same

  function refuseHost(host: string): GuardRefusal | undefined {
    if (host === lastOwnHost) return undefined;
    const { name } = splitAuthority(host);
    if (isOwnName(name) || AWS_DOMAINS.some((domain) => isSubdomain(name, domain))) {
      lastOwnHost = host;
      return undefined;
    }
    return {
      message: `the host name ${quoted(host)} does not belong to this stand-in`,
      hint: `use 127.0.0.1 or localhost, or start fota local with --allow-host ${name || "<name>"}`,
    };
  }

  /** Accepts the stand-in's own origin, which some MQTT clients send as theirs. */
  function isOwnOrigin(origin: string, host: string, localPort: number | undefined): boolean {
    const authority = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
    if (authority === undefined) return false;
    const own = splitAuthority(authority);
    if (!isOwnName(own.name)) return false;
    const reached = splitAuthority(host);
    if (own.name === reached.name && own.port === reached.port) return true;
    const isLoopback = isSubdomain(own.name, "localhost") || own.name === "::1" || /^127\./.test(own.name);
    return isLoopback && own.port !== "" && Number(own.port) === localPort;
  }

  return {
    refusalOf({ method, headers, socket }) {
      const { host = "", origin } = headers;
      // A request without Host is HTTP/1.0, which no browser uses.
      const foreign = headers.host === undefined ? undefined : refuseHost(host);
      if (foreign !== undefined) return foreign;
      if (origin !== undefined) {
        if (origins.has(origin.toLowerCase()) || isOwnOrigin(origin, host, socket.localPort))
          return undefined;
        const hint =
          origin === "null" || origin === ""
            ? "serve the page from a web server, and start fota local with --allow-origin and its address"
            : `start fota local with --allow-origin ${shorten(origin)} if that page is yours`;
        return { message: `pages of ${quoted(origin)} may not use this stand-in`, hint };
      }
      // A browser sends no Origin when it follows a link or loads an image; the page then sees nothing of the answer.
      // All other requests of a browser are made by a page.
      const mode = headers["sec-fetch-mode"];
      const isShown = mode === undefined || mode === "navigate" || mode === "no-cors";
      const isRead = (method === "GET" || method === "HEAD") && isShown;
      const site = headers["sec-fetch-site"];
      if (isRead || (site !== "cross-site" && site !== "same-site")) return undefined;
      return {
        message: "a page of another origin may not use this stand-in",
        hint: "start fota local with --allow-origin and its address if that page is yours",
      };
    },

    allowedOrigin({ headers: { origin } }) {
      return origin !== undefined && origins.has(origin.toLowerCase()) ? origin : undefined;
    },
  };
}

/**
 * A name with labels of letters, digits, `-` and `_` (which container names contain), or an IPv6 address in brackets.
 */
const AUTHORITY = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?)(?::(\d*))?$/;

/**
 * Returns name and port of a `Host` header in lower case, without a final dot and without the brackets of IPv6. The name
 * is empty for anything else, such as `user@name` or `other/.localhost`, whose end must not be accepted as a name.
 */
function splitAuthority(authority: string): { name: string; port: string } {
  const [, address, name = address ?? "", port = ""] = AUTHORITY.exec(authority.toLowerCase()) ?? [];
  return { name, port };
}

function isSubdomain(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

/** @throws {FotaError} USAGE */
function parseHostName(text: string): string {
  const name = domainToASCII(text.replace(/^\*\./, "").replace(/\.$/, ""));
  if (name !== "" && /^[a-z0-9._-]+$/.test(name)) return text.startsWith("*.") ? `*.${name}` : name;
  throw new FotaError("USAGE", `--allow-host must be a host name, got ${quoted(text)}`, {
    hint: "write it without scheme and port, such as fota-local, or *.s3.test for all names below s3.test",
  });
}

/** @throws {FotaError} USAGE */
function parseOrigin(text: string): string {
  const origin = text.toLowerCase().replace(/\/$/, "");
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/\s*?#@]+$/.test(origin))
    return origin.replace(/^(http:.*):80$|^(https:.*):443$/, "$1$2");
  throw new FotaError("USAGE", `--allow-origin must be the origin of a page, got ${quoted(text)}`, {
    hint: "write scheme, host and port as the browser shows them, such as http://localhost:3000",
  });
}

function quoted(text: string): string {
  return JSON.stringify(shorten(text));
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
