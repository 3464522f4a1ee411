import { imageHost } from "@fota/shared";

/**
 * Whether the host of `url` is one of `allowed`: names, and `*.suffix` for all names below the suffix; the port does
 * not count. Without a list every host is.
 */
export function isAllowedHost(url: string, allowed: readonly string[] | undefined): boolean {
  if (allowed === undefined) return true;
  const host = imageHost(url);
  if (host === undefined) return false;
  return allowed.some((entry) => {
    const pattern = entry.toLowerCase();
    return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
  });
}
