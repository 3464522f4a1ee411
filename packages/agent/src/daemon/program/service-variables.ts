/** Variables by which systemd tells its service how to notify it (sd_notify(3), sd_watchdog_enabled(3)). */
const NAMES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;

/** What systemd told the process at its start. */
export type ServiceVariables = Readonly<Partial<Record<(typeof NAMES)[number], string>>>;

/**
 * Removes the variables from `env` and returns them, so that no process that the agent starts can speak for it, or
 * believes that systemd watches it.
 */
export function takeServiceVariables(env: Record<string, string | undefined>): ServiceVariables {
  const taken: Partial<Record<(typeof NAMES)[number], string>> = {};
  for (const name of NAMES) {
    const value = env[name];
    if (value !== undefined && value !== "") taken[name] = value;
    delete env[name];
  }
  return taken;
}
