// Runs a Debian with systemd as its first process, in namespaces of its own. Needs root and cgroup v2.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const BOOT_TIMEOUT_MS = 60_000;

/** Returns why this machine cannot run a Debian, or undefined if it can. */
export function whyNoMachine() {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid() !== 0) return "it needs root";
  for (const program of ["debootstrap", "unshare", "nsenter"])
    if (spawnSync(program, ["--version"]).error !== undefined) return `it needs ${program}`;
  if (cgroupFolder() === undefined) return "it needs cgroup v2";
  const { status } = spawnSync("unshare", ["--mount", "--pid", "--fork", "--cgroup", "true"]);
  return status === 0 ? undefined : "it needs namespaces";
}

/**
 * Boots the Debian in a folder. Programs in it reach the network of this machine.
 * @returns `enter`, the command that runs a program in it; `run(...args)`; and `stop()`, which ends all its processes
 * @throws if it has not booted after a minute
 */
export async function bootMachine(folder) {
  const group = join(cgroupFolder(), `fota-machine-${process.pid}-${Date.now()}`);
  mkdirSync(group);
  const boot = join(import.meta.dirname, "boot.sh");
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--cgroup", "--ipc", "--uts"];
  // The shell enters the group first, so that the group is the root of the new namespace.
  const script = `echo $$ > ${group}/cgroup.procs && exec unshare ${namespaces.join(" ")} sh ${boot} "$0"`;
  const child = spawn("sh", ["-c", script, folder], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    if (existsSync(join(group, "cgroup.kill"))) writeFileSync(join(group, "cgroup.kill"), "1");
    child.kill("SIGKILL");
    await ended;
    await removeGroups(group);
  };
  const stopAtExit = () => child.kill("SIGKILL");
  process.once("exit", stopAtExit);
  try {
    const enter = await whenBooted(child);
    return {
      enter,
      run: (...args) => runIn(enter, args),
      stop: async () => {
        process.off("exit", stopAtExit);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function whenBooted(child) {
  const endMs = Date.now() + BOOT_TIMEOUT_MS;
  while (Date.now() < endMs && child.exitCode === null) {
    const pid = firstProcess(child.pid);
    const enter = ["nsenter", "--target", pid, "--mount", "--pid", "--ipc", "--uts", "--cgroup", "--"];
    if (pid !== undefined) {
      const [program, ...args] = [...enter, "systemctl", "is-system-running", "--wait"];
      const { stdout } = spawnSync(program, args, { encoding: "utf8" });
      if (/^(running|degraded)$/m.test(stdout)) return enter;
    }
    await sleep(100);
  }
  throw new Error("the Debian has not booted");
}

/** Returns the pid of systemd: the child of `unshare`. */
function firstProcess(pid) {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    const isSystemd = child !== "" && readFileSync(`/proc/${child}/comm`, "utf8").trim() === "systemd";
    return isSystemd ? child : undefined;
  } catch {
    return undefined; // it is starting, or has ended
  }
}

function runIn(enter, args) {
  const [program, ...rest] = [...enter, ...args];
  const { status, stdout, stderr, error } = spawnSync(program, rest, {
    encoding: "utf8",
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
  });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${error ?? `${stdout}${stderr}`}`);
  return stdout;
}

/** Returns where cgroup v2 is mounted: at /sys/fs/cgroup, or below it beside v1. */
function cgroupFolder() {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return mounts.map((line) => line.split(" ")).find(([, , type]) => type === "cgroup2")?.[1];
}

/** Removes a group and those in it, once their last process has ended. One that stays does no harm. */
async function removeGroups(group) {
  for (let tries = 0; tries < 50 && existsSync(group); tries += 1) {
    const { stdout } = spawnSync("find", [group, "-depth", "-type", "d"], { encoding: "utf8" });
    for (const path of stdout.trim().split("\n")) {
      try {
        rmdirSync(path);
      } catch {
        await sleep(20);
      }
    }
  }
}
