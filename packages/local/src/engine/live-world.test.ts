import { expect, it } from "vitest";
import { systemClock } from "../clock.js";
import { createWorld } from "../jobs/world.js";
import { LiveWorld } from "./live-world.js";

/** Replays the records of a build in which each kind of work did `sliceSize` steps of its own in each tick. */
function replayEarlier(commands: readonly [command: string, input: object][]) {
  const live = new LiveWorld("us-east-1", systemClock, undefined);
  const { replay, finish } = live.restore(createWorld("us-east-1"));
  for (const [command, input] of commands)
    replay({ command, input, nowMs: 1_000, seed: "0".repeat(32), sliceSize: 2 });
  finish();
  return live.world;
}

const group = (thingGroupName: string): [string, object] => [
  "createThingGroup",
  { thingGroupName, attributes: {} },
];

const member = (thingName: string): [string, object][] => [
  ["createThing", { thingName, attributes: {} }],
  ["addThingToGroup", { thingName, thingGroupName: "fleet" }],
];

const job = (jobId: string): [string, object] => {
  const targets = ["arn:aws:iot:us-east-1:000000000000:thinggroup/fleet"];
  return ["createJob", { jobId, targets, document: "{}", targetSelection: "SNAPSHOT", config: {}, tags: {} }];
};

const FLEET = [group("fleet"), ...["a", "b", "c"].flatMap(member)];

it("replays a large group that an earlier build deleted and created again", () => {
  const world = replayEarlier([
    ...FLEET,
    ["deleteThingGroup", { thingGroupName: "fleet" }],
    ["tick", {}],
    group("fleet"),
  ]);

  expect(world.groups.get("fleet")?.things.size).toBe(0);
});

it("replays changes of a group and a job that an earlier build was deleting", () => {
  const world = replayEarlier([
    ...FLEET,
    job("one"),
    ["tick", {}],
    ["deleteJob", { jobId: "one", force: true }],
    ["tick", {}],
    ["deleteExecution", { jobId: "one", thingName: "c", executionNumber: 1, force: true }],
    ["tick", {}],
    ["deleteThingGroup", { thingGroupName: "fleet" }],
    ["removeThingFromGroup", { thingName: "c", thingGroupName: "fleet" }],
    ["tick", {}],
    group("fleet"),
    job("one"),
  ]);

  expect(world.jobs.get("one")?.status).toBe("IN_PROGRESS");
});

it("replays the executions that an earlier build created for many jobs in one tick", () => {
  const world = replayEarlier([
    ...FLEET,
    ...["one", "two"].map(job),
    ["tick", {}],
    ["updateExecution", { jobId: "two", thingName: "c", status: "SUCCEEDED" }],
  ]);

  expect([...world.jobs.values()].map(({ counts }) => counts.QUEUED + counts.SUCCEEDED)).toEqual([3, 3]);
});
