// The servers of MQTT that the benchmark compares. Each is `{pid, port, tlsPort, tls, collect, stop}`: `tls` are the
// options of its clients, `collect` frees garbage before memory is measured.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../harness/free-port.mjs";

export async function startStandIn() {
  const { child, info } = await forked(new URL("../stand-in-process.mjs", import.meta.url));
  const response = await fetch(`${info.endpoint}/keys-and-certificate?setAsActive=true`, { method: "POST" });
  const { certificatePem, keyPair } = await response.json();
  return {
    ...forkedServer(child),
    info,
    port: Number(new URL(info.mqtt).port),
    tlsPort: Number(new URL(info.mqtts).port),
    tls: { ca: await readFile(info.ca, "utf8"), cert: certificatePem, key: keyPair.PrivateKey },
  };
}

export async function startBareServer(files) {
  const options = { ca: files.ca, cert: files.serverCert, key: files.serverKey };
  const url = new URL("bare-server.mjs", import.meta.url);
  const { child, info } = await forked(url, [JSON.stringify(options)]);
  return { ...forkedServer(child), ...info, tls: clientTls(files) };
}

export async function startMosquitto(files) {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const folder = await mkdtemp(join(tmpdir(), "fota-bench-"));
  const write = async (name, text) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const config = [
    "user root",
    "log_dest none",
    "allow_anonymous true",
    "set_tcp_nodelay true",
    "max_inflight_messages 100",
    `listener ${port} 127.0.0.1`,
    `listener ${tlsPort} 127.0.0.1`,
    `cafile ${await write("ca.pem", files.ca)}`,
    `certfile ${await write("server.pem", files.serverCert)}`,
    `keyfile ${await write("server.key", files.serverKey)}`,
    "require_certificate true",
    "",
  ];
  const path = await write("mosquitto.conf", config.join("\n"));
  const child = spawn("mosquitto", ["-c", path], { stdio: ["ignore", "ignore", "inherit"] });
  await listening(port);
  return {
    pid: child.pid,
    port,
    tlsPort,
    tls: clientTls(files),
    collect: async () => undefined,
    stop: async () => {
      const gone = once(child, "exit");
      child.kill();
      await gone;
      await rm(folder, { recursive: true });
    },
  };
}

function clientTls({ ca, clientCert, clientKey }) {
  return { ca, cert: clientCert, key: clientKey };
}

async function forked(url, argv = []) {
  const child = fork(url, argv, { execArgv: ["--expose-gc"] });
  const [info] = await once(child, "message");
  return { child, info };
}

function forkedServer(child) {
  return {
    pid: child.pid,
    collect: async () => {
      child.send("memory");
      await once(child, "message");
    },
    stop: async () => {
      const gone = once(child, "exit");
      child.send("stop");
      await gone;
    },
  };
}

/** Waits until something accepts connections there. */
async function listening(port) {
  for (let tries = 1; ; tries += 1) {
    const socket = connect({ port, host: "127.0.0.1" });
    try {
      await once(socket, "connect");
      socket.destroy();
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
