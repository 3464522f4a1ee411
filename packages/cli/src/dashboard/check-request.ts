import type { IncomingHttpHeaders } from "node:http";

/** The parts of a request that decide whether it is answered. */
export interface RequestFacts {
  method?: string | undefined;
  url?: string | undefined;
  headers: IncomingHttpHeaders;
}

/** Says why a request is refused. */
export interface Refusal {
  status: 400 | 403 | 405 | 421;
  message: string;
}

/**
 * Checks a request before its token is looked at, and returns why it is refused. The dashboard has a private address,
 * but each web page that the user visits can send requests there, under a host name of its own (DNS rebinding) or from
 * its own origin.
 * @param hosts the accepted values of `Host`: the addresses of this server, with the port
 */
export function refusalOf(
  { method, url = "", headers }: RequestFacts,
  hosts: ReadonlySet<string>,
): Refusal | undefined {
  const host = headers.host?.toLowerCase();
  if (host === undefined || !hosts.has(host)) {
    return {
      status: 421,
      message: "this is not the host name of the dashboard: use the URL that it printed",
    };
  }
  // Browsers take `//name` and `/\name` in a redirect for another host.
  if (!/^\/(?![/\\])/.test(url)) {
    return { status: 400, message: "the request must name a path" };
  }
  if (method !== "GET" && method !== "HEAD") {
    return { status: 405, message: "the dashboard is read-only: it answers GET and HEAD" };
  }
  if (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0) {
    return { status: 400, message: "the dashboard takes no request body" };
  }
  return isFromOtherPage(headers, host)
    ? { status: 403, message: "a page of another origin may not read the dashboard" }
    : undefined;
}

/**
 * Returns whether a page of another origin made the request, except when the user follows a link. A page on another
 * port of this machine counts as another origin, although browsers call it the same site and send it the cookie.
 */
function isFromOtherPage(headers: IncomingHttpHeaders, host: string): boolean {
  const { origin } = headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host}`) return true;
  const site = headers["sec-fetch-site"];
  if (site === undefined || site === "same-origin" || site === "none") return false;
  return headers["sec-fetch-mode"] !== "navigate" || headers["sec-fetch-dest"] !== "document";
}
