import { imageHost } from "@fota/shared";

/** Limits on image URLs in addition to those of the job document. */
export interface UrlRules {
  /** Host names, and `*.suffix` for all names below `suffix`. The port does not matter. Default: all hosts. */
  allowedHosts?: readonly string[] | undefined;
  /** Allows `http` to a loopback address. Such a URL may reach a service of the device itself. */
  allowLoopbackHttp?: boolean | undefined;
}

/** Returns why the device does not download from `url`, or `undefined` if it does. Never throws. */
export function urlFault(url: string, { allowedHosts, allowLoopbackHttp }: UrlRules): string | undefined {
  const host = imageHost(url);
  if (host === undefined) return "the image URL is not valid";
  if (!url.startsWith("https://") && allowLoopbackHttp !== true) {
    return `http to ${host} is not allowed on this device`;
  }
  if (allowedHosts === undefined || allowedHosts.some((entry) => matches(host, entry.toLowerCase()))) {
    return undefined;
  }
  return `this device does not download images from ${host}`;
}

function matches(host: string, pattern: string): boolean {
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}
