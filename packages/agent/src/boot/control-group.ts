import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A control group (cgroup v2) of its own for the firmware: nothing in it can leave it but by being moved. */
export interface FirmwareGroup {
  path: string;
  /** The group of the launcher, to return to. */
  launcherPath: string;
}

/** Of cgroups(7): where the hierarchy is mounted, with the root of the mount. */
const MOUNT = /^\d+ \d+ \d+:\d+ (\/\S*) (\/\S*) .* - cgroup2 /m;
const OWN_GROUP = /^0::(\/.*)$/m;

const nameOf = (mark: string) => `fota-boot-${mark}`;

/**
 * Makes the group for the firmware of the folder that `mark` stands for. `undefined` where there is no cgroup v2, or
 * this user may not make groups: that is usual, and no error.
 */
export function makeFirmwareGroup(mark: string): FirmwareGroup | undefined {
  const launcherPath = ownGroupPath();
  if (launcherPath === undefined || launcherPath.endsWith(`/${nameOf(mark)}`)) return undefined;
  const path = join(launcherPath, nameOf(mark));
  try {
    mkdirSync(path, { recursive: true });
    enterGroup({ path, launcherPath })();
    return ownGroupPath() === launcherPath ? { path, launcherPath } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Moves this process into the group, so that what it starts now is in it from its first instruction; the returned
 * function moves it back, at once and without a wait between the two. Throws when the group cannot be entered.
 */
export function enterGroup({ path, launcherPath }: FirmwareGroup): () => void {
  writeFileSync(join(path, "cgroup.procs"), String(process.pid));
  return () => {
    try {
      writeFileSync(join(launcherPath, "cgroup.procs"), String(process.pid));
    } catch {
      // then the group is not killed, as `endGroup` sees this process in it; the marks still find what is left
    }
  };
}

/** Kills what is in the group and in those below it, all at once, where the kernel can (Linux 5.14). */
export async function endGroup(group: FirmwareGroup): Promise<void> {
  if ((await processesIn(group)).includes(process.pid)) return; // it could not return: it never ends itself
  await writeFile(join(group.path, "cgroup.kill"), "1").catch(() => {});
}

/** Removes the group, and those that the firmware made below it. What is still in use stays, and is used again. */
export async function removeGroup({ path }: FirmwareGroup): Promise<void> {
  for (const below of (await groupsBelow(path)).reverse()) await rmdir(below).catch(() => {});
}

/** Finds the groups that earlier launchers made for this folder, wherever they ran. */
export async function findGroups(mark: string): Promise<FirmwareGroup[]> {
  const [root, launcherPath] = [mountPoint(), ownGroupPath()];
  if (root === undefined || launcherPath === undefined) return [];
  const found = (await groupsBelow(root)).filter((path) => path.endsWith(`/${nameOf(mark)}`));
  return found.map((path) => ({ path, launcherPath }));
}

/** Lists the processes in the group and in those below it. */
export async function processesIn({ path }: FirmwareGroup): Promise<number[]> {
  const texts = await Promise.all(
    (await groupsBelow(path)).map((group) => readFile(join(group, "cgroup.procs"), "utf8").catch(() => "")),
  );
  return texts.flatMap((text) => text.split("\n").filter(Boolean).map(Number));
}

/** The group at `path` and all below it, parents first. */
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

/** Where this process sees the whole hierarchy, or its own part of it in a container. */
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
