import type { ServiceVariables } from "./service-variables.js";

/** What a command uses of its process. Tests pass their own. */
export interface Host {
  /** Without the variables in `service`. */
  env: Readonly<Record<string, string | undefined>>;
  /** What systemd told the process. */
  service: ServiceVariables;
  cwd: string;
  out: (text: string) => void;
  err: (text: string) => void;
  /** Writes over the current line of a terminal, if stderr is one. `line` is our own text. */
  redraw?: ((line: string) => void) | undefined;
  /** Calls `listener` for each of these signals until the returned function is called. */
  onSignal: (signal: "SIGTERM" | "SIGINT" | "SIGHUP", listener: () => void) => () => void;
}
