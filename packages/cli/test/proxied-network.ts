import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Why this machine cannot have a `ProxiedNetwork`; `undefined` if it can. */
export const whyNoProxiedNetwork = ((): string | undefined => {
  if (spawnSync("tinyproxy", ["-v"]).error) return "tinyproxy is not installed (Debian: tinyproxy)";
  if (spawnSync("ip", ["-V"]).error) return "the ip command is not installed (Debian: iproute2)";
  const name = `fota-try-${process.pid}`;
  if (spawnSync("ip", ["netns", "add", name]).status !== 0) return "network namespaces need root on Linux";
  const pair = spawnSync("ip", ["-n", name, ..."link add left type veth peer name right".split(" ")]);
  spawnSync("ip", ["netns", "delete", name]);
  return pair.status === 0 ? undefined : "the kernel has no veth devices";
})();

/**
 * A network namespace that has one neighbor, in which only a tinyproxy listens. That neighbor has an address of this
 * machine as its other neighbor, and forwards no packets.
 */
export class ProxiedNetwork {
  /** Address of this machine, for the stand-in. Only the proxy reaches it from the namespace. */
  readonly outside: string;
  /** What precedes a command that runs in the namespace. */
  readonly inside: readonly string[];
  /** `http://user:password@host:port`. */
  readonly proxyUrl: string;
  /** The requests in the proxy's log, in order: `CONNECT host:port`. */
  readonly asked: string[] = [];
  readonly #namespaces: readonly [inner: string, middle: string];
  #proxy: ChildProcess | undefined;
  #folder = "";

  private constructor() {
    const net = `10.213.${process.pid % 256}`; // so that two runs at once do not meet
    this.outside = `${net}.1`;
    this.#namespaces = [`fota-in-${process.pid}`, `fota-via-${process.pid}`];
    const [inner, middle] = this.#namespaces;
    this.inside = ["ip", "netns", "exec", inner];
    this.proxyUrl = `http://fleet:s3cret%2Eword@${net}.5:3128`;
    const link = `fota${process.pid}`;
    for (const command of [
      `netns add ${inner}`,
      `netns add ${middle}`,
      `link add ${link} type veth peer name out netns ${middle}`,
      `address add ${net}.1/30 dev ${link}`,
      `link set ${link} up`,
      `-n ${middle} address add ${net}.2/30 dev out`,
      `-n ${middle} link set out up`,
      `-n ${middle} link add in type veth peer name out netns ${inner}`,
      `-n ${middle} address add ${net}.5/30 dev in`,
      `-n ${middle} link set in up`,
      `-n ${inner} address add ${net}.6/30 dev out`,
      `-n ${inner} link set out up`,
      `-n ${inner} link set lo up`,
    ]) {
      execFileSync("ip", command.split(" "));
    }
  }

  static async start(): Promise<ProxiedNetwork> {
    const network = new ProxiedNetwork();
    try {
      network.#folder = await mkdtemp(join(tmpdir(), "fota-tinyproxy-"));
      await network.#startProxy();
      return network;
    } catch (error) {
      await network.stop();
      throw error;
    }
  }

  async #startProxy(): Promise<void> {
    const file = join(this.#folder, "tinyproxy.conf");
    const { hostname, port } = new URL(this.proxyUrl);
    await writeFile(
      file,
      `Listen ${hostname}\nPort ${port}\nTimeout 600\nMaxClients 50\nLogLevel Info\nBasicAuth fleet s3cret.word\n`,
    );
    const words = ["netns", "exec", this.#namespaces[1], "tinyproxy", "-d", "-c", file];
    this.#proxy = spawn("ip", words, { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: this.#proxy.stdout as NodeJS.ReadableStream });
    await new Promise<void>((resolve, reject) => {
      lines.on("line", (line) => {
        if (line.includes("Accepting connections")) resolve();
        const [, request] = /Request \(file descriptor \d+\): (\S+ \S+)/.exec(line) ?? [];
        if (request !== undefined) this.asked.push(request);
      });
      lines.once("close", () => reject(new Error("tinyproxy ended")));
    });
  }

  async stop(): Promise<void> {
    if (this.#proxy?.kill()) await once(this.#proxy, "exit");
    for (const name of this.#namespaces) execFileSync("ip", ["netns", "delete", name]);
    await rm(this.#folder, { recursive: true });
  }
}
