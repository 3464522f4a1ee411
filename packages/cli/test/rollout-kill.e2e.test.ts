import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListJobExecutionsForThingCommand, ListJobsCommand } from "@aws-sdk/client-iot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fota, type Running, startFota } from "./cli.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

// The real binary and virtual devices: a rollout that is killed again and again, and that continues elsewhere.

const THINGS = ["dev-1", "dev-2", "dev-3"];
let fleet: Fleet;
let folder: string;
let env: Record<string, string>;
let devices: Running;

beforeAll(async () => {
  fleet = await startFleet();
  folder = await mkdtemp(join(tmpdir(), "fota-kill-"));
  env = { AWS_ENDPOINT_URL: fleet.local.endpoint };
  for (const name of ["here", "there"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "here", "app.bin"), randomBytes(20_000));
  const publish = { image: "app.bin", slot: "any", bucket: BUCKET, fwVersion: "1.4.0" };
  const stages = [
    { name: "canary", to: ["dev-1"], gate: { command: ["true"] } },
    { name: "all", to: ["dev-2", "dev-3"] },
  ];
  await writeFile(join(folder, "here", "plan.json"), JSON.stringify({ name: "kill", publish, stages }));
  await copyFile(join(folder, "here", "plan.json"), join(folder, "there", "plan.json"));
  const args = ["--thing", "dev", "--count", "3", "--dir", join(folder, "devices"), "--local", "--json"];
  devices = startFota(["device", ...args], env);
  for (const thing of THINGS) {
    await devices.line((line) => line.includes('"connected"') && line.includes(`"${thing}"`));
  }
});
afterAll(async () => {
  devices.child.kill("SIGTERM");
  await devices.ended;
  await fleet.stop();
  await rm(folder, { recursive: true, force: true });
});

const rolloutIn = (name: string) => ["rollout", join(folder, name, "plan.json"), "--local", "--json"];

/** Runs the rollout until the answer to a request of this kind has come, and kills it then. */
async function killAfter(request: string, name: string): Promise<void> {
  const { child, ended } = startFota([...rolloutIn(name), "--debug"], env);
  let seen = "";
  child.stderr?.on("data", (piece: Buffer) => {
    seen += piece.toString();
    if (new RegExp(`debug: \\S+ ${request} `).test(seen)) child.kill("SIGKILL");
  });
  expect(await ended, seen).toMatchObject({ code: null });
}

test("a rollout that is killed after each change ends right elsewhere, and each thing updates once", async () => {
  await killAfter("PutObject", "here");
  await killAfter("CreateJob", "here");
  await killAfter("TagResource", "there"); // opens the first gate
  await killAfter("CreateJob", "here");
  const last = await fota(rolloutIn("there"), env);
  expect(last, last.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse(last.stdout)).toMatchObject({ rollout: "kill", state: "done" });
  const { jobs = [] } = await fleet.iot.send(new ListJobsCommand({}));
  expect(jobs.map(({ status }) => status)).toEqual(["COMPLETED", "COMPLETED"]);
  for (const thingName of THINGS) {
    const answer = await fleet.iot.send(new ListJobExecutionsForThingCommand({ thingName }));
    expect(answer.executionSummaries?.map(({ jobExecutionSummary: of }) => of?.status)).toEqual([
      "SUCCEEDED",
    ]);
  }
});
