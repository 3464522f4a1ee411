import { execFile, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type WatchedProcess, watchProcess } from "./watched-process.js";

const SYSTEMD = "/lib/systemd/systemd";
const KERNEL_FOLDERS = join(import.meta.dirname, "../../../scripts/debian/kernel-folders.sh");
const NAMESPACES = ["--mount", "--pid", "--fork", "--ipc", "--uts", "--kill-child"];

/** Prepares a root file system in `$1/root`, as a layer over that of this machine, and becomes its systemd. */
const BOOT = `
set -eu
dir=$1
mount --make-rprivate /
mkdir "$dir/layers" "$dir/root"
mount -t tmpfs tmpfs "$dir/layers"
mkdir "$dir/layers/upper" "$dir/layers/work"
mount -t overlay -o "lowerdir=/,upperdir=$dir/layers/upper,workdir=$dir/layers/work" overlay "$dir/root"
cd "$dir/root"
. "$4"
for folder in run tmp var/tmp var/lib root home etc/systemd/system; do mkdir -p $folder; mount -t tmpfs tmpfs $folder; done
# What a boot would start on this machine as well: modules, mounts, users.
for wants in lib/systemd/system/sysinit.target.wants lib/systemd/system/local-fs.target.wants; do
  mount -t tmpfs tmpfs $wants
done
mkdir run/lock
mkdir -p usr/local/bin .events .outside
touch usr/local/bin/node
mount --bind "$2" usr/local/bin/node
mount --bind "$dir/events" .events
cp -r "$dir/files/." .
# A control group of its own, so that systemd does not find the processes of this machine in its root.
mount -t cgroup2 cgroup2 sys/fs/cgroup
group=sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/fota-test-$3
mkdir "$group"
echo 0 > "$group/cgroup.procs"
umount sys/fs/cgroup
exec unshare --cgroup sh -euc '
mount -t cgroup2 cgroup2 sys/fs/cgroup
pivot_root . .outside
umount -l /.outside
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin container=fota-test "$0" --unit=booted.target --log-target=journal' ${SYSTEMD}
`;

const REMOVE_GROUP = `
mount --make-rprivate / && mount -t cgroup2 cgroup2 /mnt
find "/mnt$(sed -n 's/^0:://p' /proc/self/cgroup)/fota-test-$1" -depth -type d -exec rmdir {} +`;

const BOOTED = `[Unit]
Requires=booted.service
AllowIsolate=yes
`;

const BOOTED_SERVICE = `[Unit]
Requires=systemd-journald.service
After=systemd-journald.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c "echo booted > /.events/booted"
`;

/** A real systemd as process 1 of namespaces of its own. It sees the programs and the network of this machine. */
export class SystemdMachine {
  readonly #dir: string;
  readonly #id: string;
  readonly #unshare: WatchedProcess;
  readonly #pid: number;

  private constructor(dir: string, id: string, unshare: WatchedProcess, pid: number) {
    this.#dir = dir;
    this.#id = id;
    this.#unshare = unshare;
    this.#pid = pid;
  }

  /** Boots with these files beside those of this machine, by path. */
  static async boot(files: Readonly<Record<string, string>>): Promise<SystemdMachine> {
    const dir = mkdtempSync(join(tmpdir(), "fota-machine-"));
    const id = dir.slice(-6);
    const add = (path: string, text: string) => {
      mkdirSync(dirname(join(dir, "files", path)), { recursive: true });
      writeFileSync(join(dir, "files", path), text);
    };
    for (const [path, text] of Object.entries(files)) add(path, text);
    add("/etc/systemd/system/booted.target", BOOTED);
    add("/etc/systemd/system/booted.service", BOOTED_SERVICE);
    mkdirSync(join(dir, "events"));
    spawnSync("mkfifo", [join(dir, "events/booted")]);
    const args = [dir, process.execPath, id, KERNEL_FOLDERS];
    const child = spawn("unshare", [...NAMESPACES, "sh", "-c", BOOT, "boot", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const watched = watchProcess(child);
    const waiting = new AbortController();
    void watched.ended.then(() => waiting.abort());
    try {
      await promisify(execFile)("cat", [join(dir, "events/booted")], { signal: waiting.signal });
    } catch {
      rmSync(dir, { recursive: true });
      throw new Error(`systemd ended with ${await watched.ended}: ${watched.output()}`);
    }
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
    return new SystemdMachine(dir, id, watched, Number(children.trim()));
  }

  /** Path of a file of this machine, as seen from outside. */
  path(path: string): string {
    return `/proc/${this.#pid}/root${path}`;
  }

  async write(path: string, text: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(this.path(path)), { recursive: true });
    await writeFile(this.path(path), text, { mode });
  }

  copy(from: string, to: string): void {
    mkdirSync(dirname(this.path(to)), { recursive: true });
    copyFileSync(from, this.path(to));
  }

  #enter(command: readonly string[]): string[] {
    return ["-t", String(this.#pid), "--mount", "--pid", "--cgroup", "--ipc", "--uts", ...command];
  }

  /** Runs a command in the machine. Returns its output, also if it fails. */
  async run(...command: string[]): Promise<{ code: number; output: string }> {
    const child = spawn("nsenter", this.#enter(command), { stdio: ["ignore", "pipe", "pipe"] });
    const watched = watchProcess(child);
    return { code: Number(await watched.ended), output: watched.output() };
  }

  /** Starts a command in the machine. It ends with the machine. */
  watch(...command: string[]): WatchedProcess {
    return watchProcess(spawn("nsenter", this.#enter(command), { stdio: ["ignore", "pipe", "pipe"] }));
  }

  /** Resolves when the machine has ended, as after `systemctl poweroff`. */
  get ended(): Promise<unknown> {
    return this.#unshare.ended;
  }

  async stop(): Promise<void> {
    // The first process of a namespace takes all others with it, and ends last.
    const { exitCode, signalCode } = this.#unshare.process;
    if (exitCode === null && signalCode === null) process.kill(this.#pid, "SIGKILL");
    await this.#unshare.ended;
    spawnSync("unshare", ["--mount", "sh", "-c", REMOVE_GROUP, "remove", this.#id]);
    await rm(this.#dir, { recursive: true });
  }
}

/** This machine has systemd, and this user may make namespaces, mount layers and control groups. */
export const canBootSystemd = ((): boolean => {
  const dir = mkdtempSync(join(tmpdir(), "fota-machine-"));
  const probe = `set -e; mount -t tmpfs tmpfs ${dir}; mkdir ${dir}/u ${dir}/w ${dir}/r
    mount -t overlay -o lowerdir=/,upperdir=${dir}/u,workdir=${dir}/w overlay ${dir}/r
    mount -t cgroup2 cgroup2 ${dir}/r/mnt; test -w ${dir}/r/mnt/cgroup.procs; test -x ${SYSTEMD}`;
  const { status } = spawnSync("unshare", [...NAMESPACES, "sh", "-c", probe]);
  rmSync(dir, { recursive: true });
  return status === 0;
})();
