import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findDefaultDevice } from "../src/daemon/maintenance/metered.js";

const ROUTES = "/proc/net/route";
/** Network device of this machine's default route. */
export const defaultDevice = existsSync(ROUTES) ? findDefaultDevice(readFileSync(ROUTES, "utf8")) : undefined;

/** Why NetworkManager cannot run here; `undefined` if it can. */
export const networkManagerMissing = ["NetworkManager", "nmcli", "dbus-daemon", "ip", "unshare"].some(
  (tool) => spawnSync(tool, ["--version"]).error !== undefined,
)
  ? "Debian: network-manager, dbus, iproute2"
  : spawnSync("unshare", ["-mn", "true"]).status !== 0
    ? "this user may not make namespaces"
    : defaultDevice === undefined
      ? "this machine has no default route"
      : undefined;

const BUS = (
  path: string,
) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
`;

/** Network, state and configuration of its own. Without udev, which NetworkManager sees by a read-only /sys. */
const START = `set -e
ip link set lo up
ip link add ${defaultDevice} type veth peer name far
ip addr add 192.0.2.2/24 dev ${defaultDevice}
ip link set far up
ip link set ${defaultDevice} up
for folder in /run /var/lib/NetworkManager /etc/NetworkManager; do
  mkdir -p $folder
  mount -t tmpfs tmpfs $folder
done
mkdir -p /run/NetworkManager /etc/NetworkManager/system-connections
printf '[main]\nplugins=keyfile\nno-auto-default=*\n' > /etc/NetworkManager/NetworkManager.conf
mount -t sysfs -o ro sysfs /sys
exec NetworkManager --no-daemon
`;

/**
 * The real NetworkManager on a bus and in a network namespace of its own, where it manages a device that has the name of
 * this machine's default route. The network of this machine is not touched.
 */
export class NetworkManager {
  readonly env: Readonly<Record<string, string>>;
  readonly #processes: readonly ChildProcess[];

  private constructor(address: string, processes: readonly ChildProcess[]) {
    this.env = { DBUS_SYSTEM_BUS_ADDRESS: address };
    this.#processes = processes;
  }

  static async start(dir: string): Promise<NetworkManager> {
    const [config, path] = [join(dir, "bus.conf"), join(dir, "bus")];
    await writeFile(config, BUS(path));
    const bus = spawn("dbus-daemon", [`--config-file=${config}`, "--nofork", "--print-address=1"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(bus.stdout, "data");
    const address = `unix:path=${path}`;
    const manager = spawn("unshare", ["-mn", "sh", "-c", START], {
      stdio: "ignore",
      env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address },
    });
    const started = new NetworkManager(address, [manager, bus]);
    for (let tries = 0; started.#nmcli("general").status !== 0; tries += 1) {
      if (tries > 200) throw new Error("NetworkManager does not start");
      await sleep(50);
    }
    return started;
  }

  /** Makes a connection of the device that is metered, or not. */
  connect(metered: "yes" | "no"): void {
    const address = ["ipv4.method", "manual", "ipv4.addresses", "192.0.2.2/24", "ipv4.gateway", "192.0.2.1"];
    this.#call(
      "connection",
      "add",
      "type",
      "ethernet",
      "ifname",
      defaultDevice ?? "",
      "con-name",
      "uplink",
      ...address,
    );
    this.#call("connection", "modify", "uplink", "ipv6.method", "disabled", "connection.metered", metered);
    this.#call("connection", "up", "uplink");
  }

  /** Changes the connection while it is up. */
  change(metered: "yes" | "no"): void {
    this.#call("connection", "modify", "uplink", "connection.metered", metered);
    this.#call("device", "reapply", defaultDevice ?? "");
  }

  #call(...args: string[]): void {
    const { status, stderr } = this.#nmcli(...args);
    if (status !== 0) throw new Error(`nmcli ${args.join(" ")}: ${stderr}`);
  }

  #nmcli(...args: string[]) {
    return spawnSync("nmcli", args, { encoding: "utf8", env: { ...process.env, ...this.env } });
  }

  async stop(): Promise<void> {
    for (const process of this.#processes) {
      process.kill("SIGKILL");
      if (process.exitCode === null && process.signalCode === null) await once(process, "exit");
    }
  }
}
