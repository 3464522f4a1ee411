/** Holds the time limit of one thing: `timeout` is the former name of `thingTimeout`. */
interface FormerTimeout {
  thingTimeout?: string;
  timeout?: string;
}

export const TIMEOUT_RENAMED =
  "--timeout is taken as --thing-timeout; use --thing-timeout, because --timeout is how long to wait now";

export function presetTimeoutRenamed(rollout: string | undefined): string {
  return `\`timeout\` of rollout ${JSON.stringify(rollout)} is called \`thingTimeout\` now: rename it in fota.config.json`;
}

/** Copies `timeout` to `thingTimeout` and adds `warning`, if `timeout` is set; a given `thingTimeout` wins. */
export function renameTimeout<T extends FormerTimeout>(
  texts: T,
  warning: string,
): { texts: T; warnings: string[] } {
  const { timeout, thingTimeout = timeout } = texts;
  if (timeout === undefined || thingTimeout === undefined) return { texts, warnings: [] };
  return { texts: { ...texts, thingTimeout }, warnings: [warning] };
}
