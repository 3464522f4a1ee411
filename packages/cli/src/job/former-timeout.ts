/** Holds the time limit of one thing: `timeout` is the former name of `thingTimeout`. */
interface FormerTimeout {
  thingTimeout?: string;
  timeout?: string;
}

export const TIMEOUT_RENAMED =
  "--timeout was read as --thing-timeout; use --thing-timeout, because --timeout now limits how long to wait";

export function presetTimeoutRenamed(rollout: string | undefined): string {
  return `\`timeout\` of rollout ${JSON.stringify(rollout)} is called \`thingTimeout\` now: rename it in fota.config.json`;
}

const TIMEOUT_IGNORED = "`timeout` has no effect if `thingTimeout`, its new name, is set: leave it out";

/** Copies `timeout` to `thingTimeout` and adds `warning`, if `timeout` is set; a given `thingTimeout` wins. */
export function renameTimeout<T extends FormerTimeout>(
  texts: T,
  warning: string,
): { texts: T; warnings: string[] } {
  const { timeout, thingTimeout } = texts;
  if (timeout === undefined) return { texts, warnings: [] };
  if (thingTimeout !== undefined) return { texts, warnings: [TIMEOUT_IGNORED] };
  return { texts: { ...texts, thingTimeout: timeout }, warnings: [warning] };
}
