import { isIP, SocketAddress } from "node:net";
import { FotaError, isLoopbackHost } from "@fota/shared";
import { parsePort } from "../settings/flags.js";

/** Holds the options of `fota local`, as commander names them. */
export interface LocalOptions {
  host: string;
  insecureLan?: boolean;
  ports?: string;
  port: string;
  httpsPort: string;
  mqttPort: string;
  mqttsPort: string;
  dir?: string;
  bucket?: string[];
  thing?: string[];
  group?: string[];
  credentials?: string[];
  verifySignatures?: boolean;
  strict?: boolean;
  publicS3Url?: string;
  allowHost?: string[];
  allowOrigin?: string[];
}

/**
 * Checks the address to listen on, and returns its shortest form. Another than the loopback opens the stand-in to the network, which takes --strict or
 * --insecure-lan. @throws {FotaError} USAGE
 */
export function parseHost({ host, strict = false, insecureLan = false }: LocalOptions): string {
  if ((isIP(host) === 0 && host !== "localhost") || host.includes("%")) {
    const what = host.includes("%") ? "an IP address without a zone" : "an IP address";
    throw new FotaError("USAGE", `--host must be ${what}, got ${JSON.stringify(host)}`, {
      hint: "use 0.0.0.0 for all addresses of this machine",
    });
  }
  const address = isIP(host) === 6 ? shortest(host) : host;
  if (isLoopbackHost(address) || strict || insecureLan) return address;
  throw new FotaError("USAGE", `--host ${host} opens the stand-in to everybody who reaches this machine`, {
    hint: "add --strict, which refuses devices without a certificate and policy, or --insecure-lan to accept all",
  });
}

/** Returns `::` for `0::0`, and the IPv4 address for `::ffff:127.0.0.1`. */
function shortest(host: string): string {
  const { address } = new SocketAddress({ address: host, family: "ipv6" });
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}

/** Parses the port options; with `--ports auto`, each port that is not given is a free one. */
export function parsePorts(options: LocalOptions, isGiven: (option: string) => boolean) {
  if (options.ports !== undefined && options.ports !== "auto") {
    throw new FotaError("USAGE", `--ports is "auto", not "${options.ports}"`, {
      hint: "use --ports auto for free ports, or --port and the others for certain ones",
    });
  }
  const portOf = (name: "port" | "httpsPort" | "mqttPort" | "mqttsPort", flag: string) =>
    options.ports === "auto" && !isGiven(name) ? 0 : parsePort(options[name], flag);
  return {
    port: portOf("port", "--port"),
    httpsPort: portOf("httpsPort", "--https-port"),
    mqttPort: portOf("mqttPort", "--mqtt-port"),
    mqttsPort: portOf("mqttsPort", "--mqtts-port"),
  };
}

/** Parses `name:thing,thing`. The first colon ends the group's name; names of things may contain more. */
export function parseGroups(texts: readonly string[] = []): Record<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const text of texts) {
    const at = text.indexOf(":");
    if (at <= 0) {
      throw new FotaError("USAGE", `--group must be a name, a colon and things, not "${text}"`, {
        hint: "write it like --group beta:demo-1,demo-2",
      });
    }
    const name = text.slice(0, at);
    const things = text
      .slice(at + 1)
      .split(",")
      .filter((thing) => thing !== "");
    groups.set(name, [...(groups.get(name) ?? []), ...things]);
  }
  return Object.fromEntries(groups);
}

/** Parses `key:secret`. */
export function parseKeyPair(text: string): { accessKeyId: string; secretAccessKey: string } {
  const at = text.indexOf(":");
  if (at > 0 && at < text.length - 1) {
    return { accessKeyId: text.slice(0, at), secretAccessKey: text.slice(at + 1) };
  }
  throw new FotaError("USAGE", "--credentials must be an access key id, a colon and its secret", {
    hint: "such as --credentials AKIAEXAMPLE:secret",
  });
}
