/**
 * Changes the shadows of ten things without end, each in its turn, and prints the number of each change that survives a power cut. Its journal
 * is so short that a snapshot is nearly always being written. Arguments: the folder, and the number of the first change.
 */
import { systemClock } from "../../src/clock.js";
import type { CommandRecord } from "../../src/engine/command-record.js";
import { LiveWorld } from "../../src/engine/live-world.js";
import { freshSeed } from "../../src/engine/random.js";
import { openJournal } from "../../src/journal/journal.js";

const [dir = "", first] = process.argv.slice(2);
const THINGS = 10;

const live = new LiveWorld("us-east-1", systemClock, dir);
const journal = await openJournal({ dir, state: live, compactAtBytes: 2_000 });
for (let change = Number(first); ; change += 1) {
  const state = { reported: { change, filler: "x".repeat(500) } };
  const record: CommandRecord<"updateShadow"> = {
    command: "updateShadow",
    input: { thingName: `t${change % THINGS}`, state },
    nowMs: live.nowMs(),
    seed: freshSeed(),
  };
  live.run(record);
  await journal.append(record);
  process.stdout.write(`${change}\n`);
}
