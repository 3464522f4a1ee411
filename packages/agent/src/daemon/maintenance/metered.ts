import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";

const LIMIT_MS = 10_000;
/** Flag of a route in /proc/net/route: it is up. */
const UP = 1;

/** Tells whether the connection is metered. @throws Error if that cannot be told */
export async function isMetered(command: readonly string[] | undefined): Promise<boolean> {
  if (command !== undefined) {
    const { exitCode } = await execute(command);
    if (exitCode === 0 || exitCode === 1) return exitCode === 0;
    throw new Error(`${command[0]} ended with exit code ${exitCode}`);
  }
  const device = findDefaultDevice(await readFile("/proc/net/route", "utf8"));
  if (device === undefined) throw new Error("there is no default route");
  const { exitCode, output } = await execute(["nmcli", "-g", "GENERAL.METERED", "device", "show", device]);
  if (exitCode !== 0) throw new Error(`nmcli ended with exit code ${exitCode}`);
  return output.trim().startsWith("yes");
}

/** Returns the network device of the default route with the lowest metric in /proc/net/route. */
export function findDefaultDevice(routes: string): string | undefined {
  const rows = routes
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t").map((cell) => cell.trim()));
  const defaults = rows.filter(
    ([, destination, , flags = "0", , , , mask]) =>
      destination === "00000000" && mask === "00000000" && (Number.parseInt(flags, 16) & UP) !== 0,
  );
  return defaults.sort((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0];
}

function execute([file = "", ...args]: readonly string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: LIMIT_MS, killSignal: "SIGKILL" }, (error, output) => {
      if (error === null) resolve({ exitCode: 0, output });
      else if (typeof error.code === "number") resolve({ exitCode: error.code, output });
      else if (error.killed === true) reject(new Error(`${file} did not end within ${LIMIT_MS / 1000} s`));
      else reject(new Error(error.code === "ENOENT" ? `${file} is not installed` : error.message));
    });
  });
}
