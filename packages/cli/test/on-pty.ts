import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const FOTA = fileURLToPath(new URL("../dist/fota.cjs", import.meta.url));
const ON_PTY = fileURLToPath(new URL("on-pty.py", import.meta.url));

/** The interpreter itself: `python3` may be a script that looks for it, at a cost for each call. */
const python = spawnSync("python3", ["-c", "import pty, sys; print(sys.executable)"])
  .stdout?.toString()
  .trim();
/** Real pseudo-terminals need Python 3 (Debian: python3). */
export const hasPython = Boolean(python);

export interface PtyOptions {
  columns: number;
  rows: number;
  term?: string;
  cwd: string;
  env?: Record<string, string>;
  /** SIGTERM is sent as soon as this was written. */
  signalAfter?: string;
}

/** What no command line here comes near to. */
const SECONDS_MAX = 120;
const BYTES_MAX = 300_000;

/**
 * Runs the real binary on a pseudo-terminal of this size, with "n" typed ahead; 0 is what one has that nobody gave a
 * size. `code` is 124 where the command did not end, 125 where it wrote without end, 128 and more for a signal.
 */
export async function fotaOnPty(args: readonly string[], options: PtyOptions) {
  const { columns, rows, term = "xterm", cwd, env = {}, signalAfter = "" } = options;
  const sizes = [columns, rows, SECONDS_MAX, BYTES_MAX].map(String);
  const clean = Object.entries(process.env).filter(
    ([name]) => !/^(AWS_|FOTA_|FORCE_COLOR|NO_COLOR|CI$)/.test(name),
  );
  const isolated = { AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" };
  const child = spawn(`${python}`, [ON_PTY, ...sizes, signalAfter, "--", process.execPath, FOTA, ...args], {
    cwd,
    env: {
      ...Object.fromEntries(clean),
      ...isolated,
      AWS_EC2_METADATA_DISABLED: "true",
      FOTA_PAGER: "cat",
      HOME: cwd,
      TERM: term,
      ...env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    shown += piece;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, shown };
}
