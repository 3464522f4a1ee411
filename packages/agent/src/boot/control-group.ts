import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A control group (cgroup v2) for the firmware. A process cannot leave it by forking or calling setsid. */
export interface FirmwareGroup {
  path: string;
  /** The launcher's own group. */
  launcherPath: string;
}

/** Matches the mount of the cgroup v2 hierarchy in /proc/self/mountinfo: its root and its mount point (cgroups(7)). */
const MOUNT = /^\d+ \d+ \d+:\d+ (\/\S*) (\/\S*) .* - cgroup2 /m;
const OWN_GROUP = /^0::(\/.*)$/m;

const groupName = (folderId: string) => `fota-boot-${folderId}`;

/**
 * Creates the group for the firmware of the folder `folderId`. Returns `undefined` if the system has no cgroup v2 or
 * this user may not create groups, which is common and not an error.
 */
export function makeFirmwareGroup(folderId: string): FirmwareGroup | undefined {
  const launcherPath = ownGroupPath();
  if (launcherPath === undefined || launcherPath.endsWith(`/${groupName(folderId)}`)) return undefined;
  const path = join(launcherPath, groupName(folderId));
  try {
    mkdirSync(path, { recursive: true });
    enterGroup({ path, launcherPath })();
    return ownGroupPath() === launcherPath ? { path, launcherPath } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Moves this process into the group, so that a child process starts inside it. The returned function moves this process
 * back; call it right after the start, without an await in between. Throws if the group cannot be entered.
 */
export function enterGroup({ path, launcherPath }: FirmwareGroup): () => void {
  writeFileSync(join(path, "cgroup.procs"), String(process.pid));
  return () => {
    try {
      writeFileSync(join(launcherPath, "cgroup.procs"), String(process.pid));
    } catch {
      // `killGroup` leaves a group alone that contains this process; other traces still identify the leftovers.
    }
  };
}

/** Kills all processes in the group and in its subgroups at once. Does nothing on kernels before Linux 5.14. */
export async function killGroup(group: FirmwareGroup): Promise<void> {
  if ((await processesIn(group)).includes(process.pid)) return; // the launcher could not move back and must not kill itself
  await writeFile(join(group.path, "cgroup.kill"), "1").catch(() => {});
}

/** Removes the group and the subgroups that the firmware created. Groups with live processes stay and are reused. */
export async function removeGroup({ path }: FirmwareGroup): Promise<void> {
  for (const below of (await groupsBelow(path)).reverse()) await rmdir(below).catch(() => {});
}

/** Finds the groups that earlier launchers created for this folder. */
export async function findGroups(folderId: string): Promise<FirmwareGroup[]> {
  const [root, launcherPath] = [mountPoint(), ownGroupPath()];
  if (root === undefined || launcherPath === undefined) return [];
  const found = (await groupsBelow(root)).filter((path) => path.endsWith(`/${groupName(folderId)}`));
  return found.map((path) => ({ path, launcherPath }));
}

/** Lists the processes in the group and in its subgroups. */
export async function processesIn({ path }: FirmwareGroup): Promise<number[]> {
  const texts = await Promise.all(
    (await groupsBelow(path)).map((group) => readFile(join(group, "cgroup.procs"), "utf8").catch(() => "")),
  );
  return texts.flatMap((text) => text.split("\n").filter(Boolean).map(Number));
}

/** Lists the group at `path` and all its subgroups, parents first. */
async function groupsBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map(({ name }) => groupsBelow(join(path, name))),
  );
  return [path, ...below.flat()];
}

function ownGroupPath(): string | undefined {
  const root = mountPoint();
  const [, own] = OWN_GROUP.exec(readText("/proc/self/cgroup")) ?? [];
  return root === undefined || own === undefined ? undefined : join(root, own);
}

/** Returns the mount point of the hierarchy; `undefined` if only a part of it is mounted. */
function mountPoint(): string | undefined {
  const [, mountRoot, point] = MOUNT.exec(readText("/proc/self/mountinfo")) ?? [];
  return mountRoot === "/" ? point : undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
