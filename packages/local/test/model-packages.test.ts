/** Checks software packages after each of many random commands. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CommandInput, type CommandName, runCommand } from "../src/engine/commands.js";
import { randomFrom } from "../src/engine/random.js";
import { AwsError } from "../src/errors.js";
import { createWorld, startCommand, type World } from "../src/jobs/world.js";
import { findShadow } from "../src/shadows/shadow.js";
import { addThings, createModel, type Model, thingArn } from "./model-driver.js";
import { copyWorld, encodeWorld } from "./support/world-copy.js";

const roleArn = "arn:aws:iam::000000000000:role/shadows";
const THINGS = ["t0", "t1"];
const thingName = fc.constantFrom(...THINGS);
const packageName = fc.constantFrom("fw", "os");
const versionName = fc.constantFrom("1", "2");
const jobId = fc.constantFrom("j0", "j1", "j2");
const id = fc.record({ packageName, versionName });
const attributes = fc.option(fc.record({ a: fc.constantFrom("x", "y") }), { nil: undefined });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

type Step = (model: Model) => void;
function step<N extends CommandName>(name: N, input: fc.Arbitrary<CommandInput<N>>): fc.Arbitrary<Step> {
  return input.map((value) =>
    Object.assign(
      (model: Model) => {
        model.run(name, value);
        model.settle();
      },
      { [fc.toStringMethod]: () => `${name} ${JSON.stringify(value)}` },
    ),
  );
}

const arns = fc.uniqueArray(
  fc
    .tuple(packageName, fc.oneof({ weight: 4, arbitrary: versionName }, fc.constantFrom("$default", "$null")))
    .map(([name, version]) => `arn:aws:iot:us-east-1:000000000000:package/${name}/version/${version}`),
  { minLength: 1, maxLength: 2, selector: (arn) => arn.split("/")[1] },
);
const noTags = fc.constant({});
const steps = fc.array(
  fc.oneof(
    step("createPackage", fc.record({ packageName, tags: noTags })),
    {
      weight: 3,
      arbitrary: step(
        "createPackageVersion",
        fc.record({ packageName, versionName, attributes, tags: noTags }),
      ),
    },
    {
      weight: 5,
      arbitrary: step(
        "updatePackageVersion",
        fc.record({
          packageName,
          versionName,
          attributes,
          action: optional(fc.constantFrom("PUBLISH", "DEPRECATE")),
        }),
      ),
    },
    {
      weight: 2,
      arbitrary: step(
        "updatePackage",
        fc.record({
          packageName,
          defaultVersionName: optional(versionName),
          unsetDefaultVersion: fc.boolean(),
        }),
      ),
    },
    step("deletePackageVersion", id),
    step("deletePackage", fc.record({ packageName })),
    step("updatePackageConfiguration", fc.record({ enabled: fc.boolean(), roleArn: fc.constant(roleArn) })),
    {
      weight: 5,
      arbitrary: step(
        "createJob",
        fc.record({
          jobId,
          targets: fc.constant(THINGS.map(thingArn)),
          document: fc.constant("{}"),
          targetSelection: fc.constant("SNAPSHOT" as const),
          config: fc.constant({}),
          destinationPackageVersions: arns,
          tags: noTags,
        }),
      ),
    },
    step("deleteJob", fc.record({ jobId, force: fc.constant(true) })),
    {
      weight: 8,
      arbitrary: step(
        "updateExecution",
        fc.record({ thingName, jobId, status: fc.constantFrom("SUCCEEDED", "FAILED") }),
      ),
    },
  ),
  { minLength: 20, maxLength: 60, size: "max" },
);

/** Version 1 of both packages can be installed, version 2 is DRAFT. */
function start(model: Model): void {
  addThings(model, ...THINGS);
  model.run("updatePackageConfiguration", { enabled: true, roleArn });
  for (const name of ["fw", "os"]) {
    model.run("createPackage", { packageName: name, tags: {} });
    for (const version of ["1", "2"])
      model.run("createPackageVersion", { packageName: name, versionName: version, tags: {} });
    model.run("updatePackageVersion", { packageName: name, versionName: "1", action: "PUBLISH" });
  }
}

/** The default version can be deployed, and each version is in its package under its own name. */
function checkPackages(world: World): void {
  for (const [name, { defaultVersionName, versions }] of world.packages ?? []) {
    for (const [key, version] of versions)
      expect([version.packageName, version.versionName]).toEqual([name, key]);
    if (defaultVersionName !== undefined)
      expect(versions.get(defaultVersionName)?.status).toMatch(/^(PUBLISHED|DEPRECATED)$/);
  }
}

/** Returns what must not change of the versions that are no longer DRAFT. */
function fixedParts(world: World): Map<number, string> {
  const versions = [...(world.packages?.values() ?? [])].flatMap((each) => [...each.versions.values()]);
  return new Map(
    versions
      .filter(({ status }) => status !== "DRAFT")
      .map((each) => [each.sequence, JSON.stringify([each.attributes, each.artifact])]),
  );
}

function checkFixed(before: Map<number, string>, world: World): void {
  const after = fixedParts(world);
  for (const versions of world.packages?.values() ?? [])
    for (const { sequence } of versions.versions.values())
      if (before.has(sequence)) expect(after.get(sequence)).toBe(before.get(sequence));
}

/** Works out what the shadow must say from the successes, the versions of their jobs and the setting at that time. */
function noteSuccess(
  model: Model,
  expected: Map<string, Record<string, string>>,
  wasDone: ReadonlySet<number>,
): void {
  if (model.world.packageConfiguration?.enabled !== true) return;
  for (const job of model.world.jobs.values()) {
    for (const execution of [...job.executions.values()].flat()) {
      if (execution.status !== "SUCCEEDED" || wasDone.has(execution.sequence)) continue;
      const installs = (job.packages?.installs ?? []).map(
        (arn) => arn.split(":package/")[1]?.split("/version/") ?? [],
      );
      const isKnown = installs.every(
        ([name = "", version = ""]) => version === "$null" || has(model.world, name, version),
      );
      if (!isKnown) continue;
      const versions = { ...expected.get(execution.thingName) };
      for (const [name = "", version = ""] of installs) {
        if (version === "$null") delete versions[name];
        else versions[name] = version;
      }
      expected.set(execution.thingName, versions);
    }
  }
}

function has(world: World, name: string, version: string): boolean {
  return world.packages?.get(name)?.versions.has(version) ?? false;
}

const successes = (world: World) =>
  new Set(
    [...world.jobs.values()].flatMap((job) =>
      [...job.executions.values()]
        .flat()
        .filter(({ status }) => status === "SUCCEEDED")
        .map(({ sequence }) => sequence),
    ),
  );

test("versions stay consistent, shadows have what was installed, and a replay gives the same world", () => {
  let recorded = 0;
  fc.assert(
    fc.property(steps, (sequence) => {
      const model = createModel();
      start(model);
      const expected = new Map<string, Record<string, string>>();
      for (const each of sequence) {
        const before = fixedParts(model.world);
        const done = successes(model.world);
        try {
          each(model);
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
        }
        checkPackages(model.world);
        checkFixed(before, model.world);
        noteSuccess(model, expected, done);
      }
      for (const thing of THINGS) {
        const reported =
          findShadow(model.world, { thingName: thing, shadowName: "$package" })?.state.reported ?? {};
        const found = Object.fromEntries(
          Object.entries(reported).map(([name, value]) => [name, (value as { version: string }).version]),
        );
        expect(found).toEqual(expected.get(thing) ?? {});
        recorded += Object.keys(found).length;
      }
      let world = createWorld("us-east-1");
      for (const [index, { command, input, nowMs, seed }] of model.records.entries()) {
        if (index === 15) world = copyWorld(world);
        try {
          runCommand(startCommand(world, { nowMs, random: randomFrom(seed) }), command, input as never);
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
        }
      }
      expect(encodeWorld(world)).toBe(encodeWorld(model.world));
    }),
    { numRuns: process.env["FOTA_SWEEP"] ? 3_000 : 150 },
  );
  expect(recorded).toBeGreaterThan(0);
});
