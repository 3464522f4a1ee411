import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { MaintenanceConfig } from "./config.js";

const LIMIT_MS = 10_000;
/** Flags of a route in /proc/net/route and /proc/net/ipv6_route (linux/route.h). */
const UP = 0x1;
const REJECT = 0x200;

/** Returns the program that `isMetered` runs, if the configuration needs it. */
export function meteredTools({ deferOnMetered, meteredCommand }: MaintenanceConfig): readonly string[] {
  return deferOnMetered ? [meteredCommand?.[0] ?? "nmcli"] : [];
}

/** Tells whether the connection is metered. @throws Error if that cannot be told */
export async function isMetered(command: readonly string[] | undefined): Promise<boolean> {
  if (command !== undefined) {
    const { exitCode } = await execute(command);
    if (exitCode === 0 || exitCode === 1) return exitCode === 0;
    throw new Error(`${command[0]} ended with exit code ${exitCode}`);
  }
  const device = await defaultDevice();
  if (device === undefined) throw new Error("there is no default route");
  const { exitCode, output } = await execute(["nmcli", "-g", "GENERAL.METERED", "device", "show", device]);
  if (exitCode !== 0) throw new Error(`nmcli ended with exit code ${exitCode}`);
  return parseMetered(device, output);
}

/**
 * Parses what nmcli prints as GENERAL.METERED of a device: yes or no, both also as "(guessed)", or unknown if
 * NetworkManager does not manage the device (nmcli 1.42).
 */
function parseMetered(device: string, output: string): boolean {
  const [answer] = output.trim().split(" ");
  if (answer === "yes" || answer === "no") return answer === "yes";
  throw new Error(
    `NetworkManager answers ${JSON.stringify(output.trim())} for ${device}: let it manage the device, or set meteredCommand`,
  );
}

/** Returns the network device of the default route, by IPv4 if there is one; `undefined` without a route. */
async function defaultDevice(): Promise<string | undefined> {
  const read = async (name: string) => await readFile(`/proc/net/${name}`, "utf8").catch(() => "");
  return findDefaultDevice(await read("route")) ?? findDefaultDevice6(await read("ipv6_route"));
}

interface Route {
  device: string;
  metric: number;
  flags: number;
}

/** Returns the network device of the default route with the lowest metric in /proc/net/route. */
export function findDefaultDevice(routes: string): string | undefined {
  const rows = routes
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t").map((cell) => cell.trim()));
  const defaults = rows.filter(
    ([, destination, , , , , , mask]) => destination === "00000000" && mask === "00000000",
  );
  return lowest(
    defaults.map(([device = "", , , flags = "0", , , metric]) => ({
      device,
      metric: Number(metric),
      flags: Number.parseInt(flags, 16),
    })),
  );
}

/** Returns the network device of the default route with the lowest metric in /proc/net/ipv6_route. */
export function findDefaultDevice6(routes: string): string | undefined {
  const rows = routes.split("\n").map((line) => line.trim().split(/\s+/));
  const defaults = rows.filter(
    ([destination = "", length]) => /^0{32}$/.test(destination) && length === "00",
  );
  return lowest(
    defaults.map(([, , , , , metric = "0", , , flags = "0", device = ""]) => ({
      device,
      metric: Number.parseInt(metric, 16),
      flags: Number.parseInt(flags, 16),
    })),
  );
}

function lowest(routes: readonly Route[]): string | undefined {
  const usable = routes.filter(({ flags }) => (flags & UP) !== 0 && (flags & REJECT) === 0);
  return usable.sort((a, b) => a.metric - b.metric)[0]?.device;
}

function execute([file = "", ...args]: readonly string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve, reject) => {
    // nmcli translates what it prints, also with -g.
    const env = { ...process.env, LC_ALL: "C" };
    execFile(file, args, { env, timeout: LIMIT_MS, killSignal: "SIGKILL" }, (error, output) => {
      if (error === null) resolve({ exitCode: 0, output });
      else if (typeof error.code === "number") resolve({ exitCode: error.code, output });
      else if (error.killed === true) reject(new Error(`${file} did not end within ${LIMIT_MS / 1000} s`));
      else reject(new Error(error.code === "ENOENT" ? `${file} is not installed` : error.message));
    });
  });
}
