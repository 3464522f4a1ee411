/** `kill -9` of a process that writes a snapshot: every acknowledged change is there, and no other but the last one. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine } from "../src/engine/engine.js";
import { manualClock } from "../src/index.js";
import { bundle } from "./support/local-program.js";

const ROUNDS = process.env["FOTA_SWEEP"] ? 100 : 5;

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-compaction-"));
  program = join(folder, "program.mjs");
  await bundle("compacting-process.ts", program);
});

afterAll(() => rm(folder, { recursive: true }));

/** Runs the program until the files of the folder have changed `events` times. Returns the last acknowledged change. */
async function changeUntilKilled(dir: string, first: number, events: number): Promise<number> {
  const child = spawn(process.execPath, [program, dir, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let left = events;
  const watcher = watch(dir, (_event, name) => {
    if (name !== "snapshot.json.new") return;
    left -= 1;
    if (left === 0) child.kill("SIGKILL");
  });
  const closed = once(child, "close");
  const output = (await child.stdout.setEncoding("utf8").toArray()).join("");
  await closed;
  watcher.close();
  const acknowledged = output.split("\n").slice(0, -1).map(Number);
  expect(acknowledged).toEqual(acknowledged.map((_change, index) => first + index));
  return first + acknowledged.length - 1;
}

/** Returns the numbers of the last changes, in order. */
async function storedChanges(dir: string): Promise<number[]> {
  const engine = await createEngine({ clock: manualClock(0), region: "us-east-1", dir });
  const changes = [...(engine.world.shadows ?? new Map<string, never>()).values()].map(
    (shadows) => JSON.parse(shadows.get("")?.document?.state ?? "{}").reported.change,
  );
  await engine.close();
  return changes.sort((a, b) => a - b);
}

test("acknowledged changes survive a kill at any point of a compaction", async () => {
  const dir = join(folder, "state");
  await mkdir(dir);
  let last = -1;
  let unfinished = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    // Creating, each write, and renaming or removing the new snapshot are events, so the kills hit all of them.
    last = await changeUntilKilled(dir, last + 1, 8 + round);
    const names = await readdir(dir);
    if (names.includes("snapshot.json.new") || names.length > 2) unfinished += 1;
    const changes = await storedChanges(dir);
    const end = changes.at(-1) ?? -1;
    expect([last, last + 1], "the last change may be stored without its answer").toContain(end);
    const length = Math.min(10, end + 1);
    expect(changes).toEqual(Array.from({ length }, (_, index) => end - length + 1 + index));
    last = end;
  }
  expect(unfinished).toBeGreaterThan(0);
});
