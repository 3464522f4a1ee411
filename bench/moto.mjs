// moto, another stand-in for AWS, as a server of its own.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./harness/free-port.mjs";

/** Starts moto (pip: `moto[server]`) and resolves when it answers. */
export async function startMoto(address = "127.0.0.1") {
  const port = await freePort();
  const args = ["-m", "moto.server", "-H", address, "-p", String(port)];
  const child = spawn("python3", args, { stdio: "ignore" });
  const endpoint = `http://${address}:${port}`;
  const isUp = () => fetch(endpoint).then(Boolean, () => false);
  while (!(await isUp())) await sleep(100);
  return { pid: child.pid, port, endpoint, stop: async () => child.kill() };
}
