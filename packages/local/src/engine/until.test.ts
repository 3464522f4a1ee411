import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ListState } from "../../test/support/list-state.js";
import { systemClock } from "../clock.js";
import { type Journal, openJournal } from "../journal/journal.js";
import { manualClock } from "../movable-clock.js";
import { createEngine, type Engine } from "./engine.js";

const region = "us-east-1";
const hasGroup = (engine: Engine) => engine.world.groups.has("fleet");

/** While `isFull`, no tick is written. */
const disk = { isFull: false, failedWrites: 0 };
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-until-"));
  const journal = await openJournal({ dir: join(dir, "list"), owner: undefined, state: new ListState() });
  await journal.close();
  const journals = Object.getPrototypeOf(journal) as Journal;
  for (const name of ["append", "probe"] as const) {
    const original = journals[name];
    vi.spyOn(journals, name).mockImplementation(async function (this: Journal, record: unknown) {
      if (disk.isFull && (record as { command: string }).command === "tick") {
        disk.failedWrites += 1;
        throw new Error("ENOSPC");
      }
      await original.call(this, record);
    });
  }
});
afterAll(async () => {
  vi.restoreAllMocks();
  await rm(dir, { recursive: true });
});

test("until resolves when a command, not a tick, makes it true", async () => {
  const engine = await createEngine({ clock: manualClock(), region });
  await engine.run("createThingGroup", { thingGroupName: "fleet", attributes: {} });
  const gone = engine.until(() => !hasGroup(engine));
  await engine.run("deleteThingGroup", { thingGroupName: "fleet" });
  await gone;
  await engine.close();
});

test("until resolves when the disk has space again, if it was full, and not before", async () => {
  const engine = await createEngine({ clock: systemClock, region, dir: join(dir, "world") });
  await engine.run("createThingGroup", { thingGroupName: "fleet", attributes: {} });
  const names = Array.from({ length: 1_500 }, (_, index) => `t${index}`);
  await Promise.all(
    names.flatMap((thingName) => [
      engine.run("createThing", { thingName, attributes: {} }),
      engine.run("addThingToGroup", { thingName, thingGroupName: "fleet" }),
    ]),
  );
  let isResolved = false;
  const gone = engine
    .until(() => !hasGroup(engine))
    .then(() => {
      isResolved = true;
    });
  disk.isFull = true; // so the tick that deletes the rest of the group is undone
  await engine.run("deleteThingGroup", { thingGroupName: "fleet" });
  await expect.poll(() => disk.failedWrites).toBeGreaterThan(0);
  await expect.poll(() => engine.world.groups.get("fleet")?.things.size).toBe(500);
  expect(isResolved).toBe(false);
  disk.isFull = false;
  await gone;
  expect(hasGroup(engine)).toBe(false);
  await engine.close();
});

test("until rejects when the engine is closed, also afterwards", async () => {
  const engine = await createEngine({ clock: manualClock(), region });
  const before = engine.until(() => false);
  await Promise.all([engine.close(), expect(before).rejects.toThrow("the stand-in is stopping")]);
  await expect(engine.until(() => false)).rejects.toThrow("the stand-in is stopping");
});
