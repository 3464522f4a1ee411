import { expect, test } from "vitest";
import type { Journal } from "../journal/journal.js";
import { DiskGuard } from "./disk-guard.js";

/** A guard over a disk that is full while `disk.full`; `events` has what the guard did, in order. */
function guardedDisk() {
  const disk = { full: false, unreadable: false };
  const events: string[] = [];
  const requireSpace = async () => {
    if (disk.full) throw new Error("ENOSPC");
  };
  const journal: Journal = {
    append: requireSpace,
    probe: requireSpace,
    reload: async () => {
      events.push("reload");
      if (disk.unreadable) throw new Error("EIO");
    },
    catchUp: requireSpace,
    close: async () => {},
  };
  const log = (line: string) => void events.push(line);
  const guard = new DiskGuard({ dir: "/d", journal, log, onAttempt: () => events.push("attempt") });
  return { disk, events, guard };
}

const failure = (why: string) => ({
  code: "ServiceUnavailableException",
  message: `the change was not made, because it could not be written to /d: ${why}`,
});

test("after a failed write, the world is restored, and commands are refused until the disk has space", async () => {
  const { disk, events, guard } = guardedDisk();
  await guard.append({});
  expect(guard.isUncertain).toBe(false);
  disk.full = true;
  await expect(guard.append({})).rejects.toMatchObject(failure("ENOSPC"));
  await expect(guard.requireWritable({})).rejects.toMatchObject(failure("ENOSPC"));
  expect(guard.isFailing).toBe(true);
  disk.full = false;
  await guard.requireWritable({});
  expect(guard.isUncertain).toBe(false);
  expect(events).toEqual([
    "cannot write the state in /d: ENOSPC; all changes are refused until it can",
    "reload",
    "attempt",
    "attempt",
    "the state in /d can be written again",
  ]);
});

test("commands that fail together restore the world once, and report one line", async () => {
  const { disk, events, guard } = guardedDisk();
  disk.full = true;
  await Promise.allSettled([guard.append({}), guard.append({})]);
  expect(events).toEqual([expect.stringContaining("cannot write the state"), "reload", "attempt"]);
});

test("a world that cannot be restored is restored again before the next command", async () => {
  const { disk, events, guard } = guardedDisk();
  Object.assign(disk, { full: true, unreadable: true });
  await expect(guard.append({})).rejects.toMatchObject(failure("ENOSPC"));
  await expect(guard.requireWritable({})).rejects.toMatchObject(failure("EIO"));
  Object.assign(disk, { full: false, unreadable: false });
  await guard.requireWritable({});
  expect(events.filter((event) => event === "reload")).toHaveLength(3);
});
