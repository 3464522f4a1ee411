/** Facts for an executable: on its standard input as JSON, and in its environment. */
export interface Facts {
  readonly [key: string]: string | number | undefined | Facts;
}

/** Variables of the daemon that mean nothing to an executable, or that would let it speak for the daemon. */
const OWN_VARIABLES = /^(FOTA_AGENT_|NOTIFY_SOCKET$|WATCHDOG_|LISTEN_|JOURNAL_STREAM$)/;

/**
 * Returns the environment of an executable: that of the daemon without its own variables, and each fact as a variable:
 * `FOTA_IMAGE_SIZE_BYTES` for `image.sizeBytes`.
 */
export function environmentFor(
  env: Readonly<Record<string, string | undefined>>,
  facts: Facts,
): Record<string, string | undefined> {
  const inherited = Object.entries(env).filter(([name]) => !OWN_VARIABLES.test(name));
  return { ...Object.fromEntries(inherited), ...Object.fromEntries(variablesOf("FOTA", facts)) };
}

function variablesOf(prefix: string, facts: Facts): [string, string][] {
  return Object.entries(facts).flatMap(([key, value]): [string, string][] => {
    const name = `${prefix}_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
    if (value === undefined) return [];
    if (typeof value === "object") return variablesOf(name, value);
    return [[name, String(value).replaceAll("\0", " ")]];
  });
}
