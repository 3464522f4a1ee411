/**
 * Who may talk to the stand-in over HTTP. It takes any key pair, so what keeps web pages out is where a request comes
 * from: a page that a browser shows must not reach things and certificates of its user, neither under a name of its own
 * that its DNS sends to 127.0.0.1, nor from its own origin.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { FotaError } from "@fota/shared";

export interface VisitorOptions {
  /** Names by which it is reached beside IP addresses, localhost and AWS's; `*.name` stands for all below it. */
  allowHosts?: readonly string[];
  /** `scheme://host[:port]` of pages that may use it. */
  allowOrigins?: readonly string[];
}

/** Why a request is not answered. */
export interface VisitorRefusal {
  message: string;
  hint: string;
}

export interface Visitors {
  /** Why the request is refused, by its `Host`, its `Origin` and what its browser says; `undefined`: it is not. */
  refusalOf(request: Pick<IncomingMessage, "method" | "headers" | "socket">): VisitorRefusal | undefined;
  /** The origin of a page that may read the answer; `undefined` where the request comes from none. */
  allowedOrigin(request: Pick<IncomingMessage, "headers">): string | undefined;
}

/**
 * Domains below which only AWS names hosts, so that none of them can be sent to the loopback by the owner of a page.
 * Source: AWS partitions and their DNS suffixes, those for dual stack too.
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

/** @throws {FotaError} USAGE for what is not a host name or not an origin */
export function createVisitors({ allowHosts = [], allowOrigins = [] }: VisitorOptions): Visitors {
  const names = allowHosts.map(parseHostName);
  const origins = new Set(allowOrigins.map(parseOrigin));

  const isOwnName = (name: string) =>
    isIP(name) !== 0 ||
    isBelow(name, "localhost") ||
    names.some((each) =>
      each.startsWith("*.") ? name.endsWith(each.slice(1)) && name.length > each.length - 1 : name === each,
    );

  function hostRefusal(host: string): VisitorRefusal | undefined {
    const { name } = splitAuthority(host);
    if (isOwnName(name) || AWS_DOMAINS.some((domain) => isBelow(name, domain))) return undefined;
    return {
      message: `the host name ${quoted(host)} is not one of this stand-in`,
      hint: `use 127.0.0.1 or localhost, or start fota local with --allow-host ${name || "<name>"}`,
    };
  }

  /** Of a page that the stand-in serves itself, or of a client that names it as its origin, as some MQTT clients do. */
  function isOwnOrigin(origin: string, host: string, localPort: number | undefined): boolean {
    const authority = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
    if (authority === undefined) return false;
    const own = splitAuthority(authority);
    if (!isOwnName(own.name)) return false;
    const reached = splitAuthority(host);
    if (own.name === reached.name && own.port === reached.port) return true;
    const isLoopback = isBelow(own.name, "localhost") || own.name === "::1" || /^127\./.test(own.name);
    return isLoopback && own.port !== "" && Number(own.port) === localPort;
  }

  return {
    refusalOf({ method, headers, socket }) {
      const { host = "", origin } = headers;
      // Without a Host it is HTTP/1.0, which no browser speaks.
      const foreign = headers.host === undefined ? undefined : hostRefusal(host);
      if (foreign !== undefined) return foreign;
      if (origin !== undefined) {
        if (origins.has(origin.toLowerCase()) || isOwnOrigin(origin, host, socket.localPort))
          return undefined;
        const hint =
          origin === "null" || origin === ""
            ? "serve the page from an address of its own, and start fota local with --allow-origin and that address"
            : `start fota local with --allow-origin ${shorten(origin)} if that page is yours`;
        return { message: `pages of ${quoted(origin)} may not use this stand-in`, hint };
      }
      // A browser names no origin when it follows a link or loads a picture, which changes nothing and shows the page
      // nothing. Everything else that a browser sends, it sends for a page.
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

/** Labels of letters, digits, `-` and `_`, as names of containers have them too, or an IPv6 address in brackets. */
const AUTHORITY = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?)(?::(\d*))?$/;

/**
 * Returns name and port of a `Host` header, lower case, without the dot that ends a full name and the brackets of IPv6.
 * The name is empty for anything else, such as `user@name` or `other/.localhost`: its end must not pass for a name.
 */
function splitAuthority(authority: string): { name: string; port: string } {
  const [, address, name = address ?? "", port = ""] = AUTHORITY.exec(authority.toLowerCase()) ?? [];
  return { name, port };
}

function isBelow(name: string, domain: string): boolean {
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
