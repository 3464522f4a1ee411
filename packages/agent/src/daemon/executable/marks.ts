import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setAside } from "../../boot/durable-files.js";
import { type KillResult, killProcesses } from "../../boot/kill-processes.js";
import { type ProcessInfo, readEnvironment } from "../../boot/processes.js";
import { isPlainFile } from "../../boot/small-file.js";
import { errnoOf, storageError } from "../../boot/storage-error.js";

/** Environment variable with the id of one run of an executable. Its processes are found by it. */
export const RUN_ID = "FOTA_RUN_ID";
const FOLDER = "fota-running";
const ID = /^[0-9a-f]{16}$/;

/**
 * Marks a run in the state folder before it starts, so that the next daemon ends it if this one is killed. Returns the
 * id of the run.
 * @throws {FotaError} STATE_ACCESS
 */
export async function markRun(stateDir: string): Promise<string> {
  const id = randomBytes(8).toString("hex");
  const folder = join(stateDir, FOLDER);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, id), "");
  } catch (error) {
    throw storageError("STATE_ACCESS", "cannot note a running executable", folder, error);
  }
  return id;
}

/** Removes the mark of a run that has ended. Never rejects: a mark that stays costs one look at the next start. */
export async function unmarkRun(stateDir: string, id: string): Promise<void> {
  await rm(join(stateDir, FOLDER, id), { force: true }).catch(() => {});
}

/**
 * Kills a run with all its processes: those in its session, those with its id in their environment, and their children.
 * `pid` is that of the executable, if this process has started it.
 */
export async function killRun(id: string, pid?: number): Promise<KillResult> {
  return await killProcesses(async (processes) => {
    const marked = await Promise.all(
      processes.map(
        async (facts) =>
          facts.session === pid || (await readEnvironment(facts.pid)).includes(`${RUN_ID}=${id}`),
      ),
    );
    return withDescendants(
      processes.filter((_, i) => marked[i]),
      processes,
    );
  });
}

/** Adds the children that have left the session and cleared their environment, as long as their parents live. */
function withDescendants(found: readonly ProcessInfo[], processes: readonly ProcessInfo[]): ProcessInfo[] {
  const known = new Map(found.map((facts) => [facts.pid, facts]));
  for (let before = -1; before !== known.size; ) {
    before = known.size;
    for (const facts of processes) if (known.has(facts.parentPid)) known.set(facts.pid, facts);
  }
  return [...known.values()];
}

/**
 * Kills the executables that a daemon left running when it was killed. Returns the ids of the processes.
 * @throws {FotaError} STATE_ACCESS
 */
export async function killAbandonedRuns(stateDir: string): Promise<number[]> {
  const folder = join(stateDir, FOLDER);
  const killed: number[] = [];
  try {
    for (const id of await readdir(folder)) {
      if (ID.test(id)) killed.push(...(await killRun(id)).killed.map(({ pid }) => pid));
      await unmarkRun(stateDir, id);
    }
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return killed;
    if (errnoOf(error) === "ENOTDIR" && (await isPlainFile(folder))) {
      await setAside(folder); // as a repair of the file system may leave it
      return killed;
    }
    throw storageError("STATE_ACCESS", "cannot read the running executables", folder, error);
  }
  return killed;
}
