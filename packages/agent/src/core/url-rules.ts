import { imageHost } from "@fota/shared";

/** Where a device fetches images from, beyond what a job document may name at all. */
export interface UrlRules {
  /** Names, and `*.suffix` for all names below the suffix; the port does not count. All hosts unless given. */
  allowedHosts?: readonly string[] | undefined;
  /** Whether `http` to a loopback address is fetched: a stand-in on this machine, or a service of the device itself. */
  allowLoopbackHttp?: boolean | undefined;
}

/** Returns why the device does not fetch from `url`, in words; `undefined` when it does. Never throws. */
export function urlFault(url: string, { allowedHosts, allowLoopbackHttp }: UrlRules): string | undefined {
  const host = imageHost(url);
  if (host === undefined) return "the URL of the image has no host";
  if (!url.startsWith("https://") && allowLoopbackHttp !== true) {
    return `http to ${host} is not allowed on this device`;
  }
  if (allowedHosts === undefined || allowedHosts.some((entry) => matches(host, entry.toLowerCase()))) {
    return undefined;
  }
  return `${host} is not a host to fetch images from`;
}

function matches(host: string, pattern: string): boolean {
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}
