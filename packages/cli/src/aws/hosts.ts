const HOSTS = new WeakMap<object, string>();

/** Remembers the host of the request that failed with `error`: most of Node's errors do not name it. */
export function noteHost(error: unknown, hostname: string | undefined, port: number): void {
  if (typeof error === "object" && error !== null && hostname !== undefined) {
    HOSTS.set(error, `${hostname}:${port}`);
  }
}

/** Returns `host:port` as far as it is known. */
export function hostOf(error: unknown, endpoint: string | undefined): string | undefined {
  const noted = typeof error === "object" && error !== null ? HOSTS.get(error) : undefined;
  if (noted !== undefined || endpoint === undefined || !URL.canParse(endpoint)) return noted;
  const { hostname, port, protocol } = new URL(endpoint);
  return `${hostname}:${port === "" ? (protocol === "http:" ? 80 : 443) : port}`;
}
