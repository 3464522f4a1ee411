import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { readConfig } from "../src/daemon/config/read.js";
import { StatusBoard } from "../src/daemon/run/live-status.js";
import { Liveness } from "../src/daemon/run/liveness.js";
import { type Desk, runSession } from "../src/daemon/run/session.js";
import { StandIn, type StandInDevice } from "./stand-in.js";

let standIn: StandIn;
let device: StandInDevice;
beforeAll(async () => {
  standIn = await StandIn.start();
  await standIn.buildFirmware("1.0.0");
  device = await standIn.makeDevice("1.0.0");
});
afterAll(async () => {
  await device.boot.dispose();
  await standIn.stop();
});

/** Records each sign of life. */
class Recorder extends Liveness {
  readonly steps: string[] = [];

  override note(step: string, waitMs = 0): void {
    super.note(step, waitMs);
    if (this.steps.at(-1) !== step) this.steps.push(step);
  }

  override rest(): void {
    super.rest();
    this.steps.push("rest");
  }
}

test("a session gives signs of life in each step, and rests only while no job is pending", async () => {
  const env = {
    FOTA_AGENT_STATE_DIR: device.boot.dir,
    FOTA_AGENT_SLOTS_RUNNING_SLOT: "0",
    FOTA_AGENT_SLOTS_RESTART_COMMAND: "true",
  };
  const config = await readConfig({ path: device.config, env, cwd: device.boot.dir });
  const liveness = new Recorder();
  const stop = new AbortController();
  let desk: Desk | undefined;
  const ended = runSession(config, {
    env,
    log: () => {},
    board: new StatusBoard(),
    liveness,
    signal: stop.signal,
    onBoot: () => {},
    onOpen: (opened) => {
      desk = opened;
    },
  });
  const seen = async (step: string, from = 0) =>
    await eventually(() => expect(liveness.steps.slice(from)).toContain(step));
  await seen("rest");
  expect(liveness.steps).toEqual([
    "opening the slots",
    "starting",
    "connecting",
    "ending the trial of an installed image",
    "looking for jobs",
    "rest",
  ]);

  const before = liveness.steps.length;
  await desk?.exclusively(async () => {});
  await seen("rest", before);
  expect(liveness.steps.slice(before)).toEqual(["carrying out a command", "looking for jobs", "rest"]);

  const idle = liveness.steps.length;
  await standIn.createJob("1.0.0", device.thingName); // runs already: ends at once
  await seen("rest", idle);
  expect(liveness.steps.slice(idle).at(0)).toBe("looking for jobs");
  expect(liveness.steps.slice(idle)).toContain("update: done");

  stop.abort();
  await ended;
  expect(liveness.steps.at(-1)).toBe("ending the session");
});
