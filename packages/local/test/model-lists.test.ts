/** Compares every list with the state that it is a list of, after each of many random commands and after a restart. */
import { JOB_EXECUTION_STATUSES, JOB_STATUSES } from "@fota/shared";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CommandInput, CommandName } from "../src/engine/commands.js";
import { AwsError } from "../src/errors.js";
import { executionsOfJob, executionsOfThing } from "../src/jobs/execution-lists.js";
import { listJobs } from "../src/jobs/job-lists.js";
import { createWorld, type World } from "../src/jobs/world.js";
import { listOf } from "../src/listing/indexes.js";
import type { Listed } from "../src/listing/key-lists.js";
import { type InOrder, itemsOf, type Order } from "../src/listing/list-index.js";
import { listPackageVersions } from "../src/packages/package.js";
import { holdersOf, thingsOf } from "../src/registry/certificates.js";
import {
  groupsBelow,
  listGroupsBelow,
  listThingsOfBillingGroup,
  listThingsOfGroup,
} from "../src/registry/membership.js";
import { listThings } from "../src/registry/thing-lists.js";
import { namedShadows } from "../src/shadows/shadow.js";
import { addGroup, addJob, addThings, createModel, groupArn, type Model, thingArn } from "./model-driver.js";
import { copyWorld } from "./support/world-copy.js";

type Step = (model: Model) => void;

function step<N extends CommandName>(command: N, input: fc.Arbitrary<CommandInput<N>>): fc.Arbitrary<Step> {
  return input.map((given) =>
    Object.assign((model: Model) => model.run(command, given), {
      [fc.toStringMethod]: () => `${command} ${JSON.stringify(given)}`,
    }),
  );
}

const thingName = fc.constantFrom("t0", "t1", "t2", "t3");
const thingGroupName = fc.constantFrom("g0", "g1", "g2");
const certificateId = fc.constantFrom("c0", "c1");
const policyName = fc.constantFrom("p0", "p1");
const jobId = fc.constantFrom("j0", "j1", "j2");
const thingTypeName = fc.constantFrom("pump", "valve");
const shadowName = fc.constantFrom("a", "b");
const versionName = fc.constantFrom("v1", "v2");
const packageName = fc.constant("firmware");
const billingGroupName = fc.constant("b0");
const force = fc.constant(true);
const attributes = fc.record(
  { site: fc.constantFrom("x", "xy"), line: fc.constantFrom("x", "y") },
  { requiredKeys: [] },
);
const targets = fc.uniqueArray(fc.oneof(thingName.map(thingArn), thingGroupName.map(groupArn)), {
  minLength: 1,
  maxLength: 2,
});
const common = { document: fc.constant("{}"), config: fc.constant({}), tags: fc.constant({}) };

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: step("createThing", fc.record({ thingName, attributes, thingTypeName })) },
    step(
      "updateThing",
      fc.record({ thingName, attributes, thingTypeName, merge: fc.boolean(), removeThingType: fc.boolean() }),
    ),
    step("deleteThing", fc.record({ thingName })),
    {
      weight: 3,
      arbitrary: step(
        "createThingGroup",
        fc.record(
          { thingGroupName, attributes: fc.constant({}), parent: thingGroupName },
          { requiredKeys: ["thingGroupName", "attributes"] },
        ),
      ),
    },
    step("deleteThingGroup", fc.record({ thingGroupName })),
    { weight: 4, arbitrary: step("addThingToGroup", fc.record({ thingName, thingGroupName })) },
    step("removeThingFromGroup", fc.record({ thingName, thingGroupName })),
    step(
      "createDynamicThingGroup",
      fc.record({
        thingGroupName: fc.constant("dynamic"),
        attributes: fc.constant({}),
        queryString: fc.constant("attributes.site:x"),
      }),
    ),
    step(
      "createThingGroup",
      fc.record({ thingGroupName, attributes: fc.constant({}), parent: fc.constant("g1") }),
    ),
    step("createBillingGroup", fc.record({ billingGroupName, tags: fc.constant({}) })),
    step("addThingToBillingGroup", fc.record({ billingGroupName, thingName })),
    step("deleteBillingGroup", fc.record({ billingGroupName })),
    step("deleteCertificate", fc.record({ certificateId, force })),
    step("createPolicy", fc.record({ policyName, document: fc.constant("{}"), tags: fc.constant({}) })),
    step("attachPolicy", fc.record({ policyName, certificateId })),
    step("detachPolicy", fc.record({ policyName, certificateId })),
    { weight: 2, arbitrary: step("attachThingPrincipal", fc.record({ thingName, certificateId })) },
    step("detachThingPrincipal", fc.record({ thingName, certificateId })),
    {
      weight: 2,
      arbitrary: step("updateShadow", fc.record({ thingName, shadowName, state: fc.constant({}) })),
    },
    step("deleteShadow", fc.record({ thingName, shadowName })),
    step("createPackage", fc.record({ packageName, tags: fc.constant({}) })),
    step("createPackageVersion", fc.record({ packageName, versionName, tags: fc.constant({}) })),
    step(
      "updatePackageVersion",
      fc.record({ packageName, versionName, action: fc.constantFrom("PUBLISH", "DEPRECATE") }),
    ),
    step("deletePackageVersion", fc.record({ packageName, versionName })),
    {
      weight: 3,
      arbitrary: step(
        "createJob",
        fc.record({ jobId, targets, targetSelection: fc.constantFrom("SNAPSHOT", "CONTINUOUS"), ...common }),
      ),
    },
    step("associateTargets", fc.record({ jobId, targets })),
    step("cancelJob", fc.record({ jobId, force })),
    step("deleteJob", fc.record({ jobId, force })),
    { weight: 3, arbitrary: step("startNextExecution", fc.record({ thingName })) },
    {
      weight: 3,
      arbitrary: step(
        "updateExecution",
        fc.record({ thingName, jobId, status: fc.constantFrom("SUCCEEDED", "FAILED") }),
      ),
    },
    step("deleteExecution", fc.record({ thingName, jobId, executionNumber: fc.constantFrom(1, 2), force })),
  ),
  { minLength: 20, maxLength: 60, size: "max" },
);

/** Compares a list with the items that it must have, whole and from the middle, in both orders. */
function expectList<T extends Listed>(list: InOrder<T>, expected: Iterable<T>): void {
  const sequences = [...expected].map(({ sequence }) => sequence).sort((a, b) => a - b);
  const middle = sequences[sequences.length >> 1] ?? 0;
  const listed = (last: number | undefined, order: Order) =>
    [...itemsOf(list, last, order)].map(({ sequence }) => sequence);
  const found = [
    listed(undefined, "oldestFirst"),
    listed(undefined, "newestFirst"),
    listed(middle, "oldestFirst"),
    listed(middle, "newestFirst"),
  ];
  const wanted = [
    sequences,
    [...sequences].reverse(),
    sequences.filter((each) => each > middle),
    sequences.filter((each) => each < middle).reverse(),
  ];
  if (found.join(";") !== wanted.join(";")) expect(found).toEqual(wanted); // `expect` is slow
}

function checkThings(world: World): void {
  const things = [...world.things.values()];
  const all = { name: undefined, value: undefined, isPrefix: false };
  expectList(listThings(world, undefined, all), things);
  for (const type of ["pump", "valve"]) {
    const ofType = things.filter((thing) => thing.thingTypeName === type);
    expectList(listThings(world, type, all), ofType);
    expectList(
      listThings(world, type, { name: "site", value: "x", isPrefix: false }),
      ofType.filter(({ attributes: { site } }) => site === "x"),
    );
  }
  const withSite = things.filter(({ attributes: { site } }) => site !== undefined);
  expectList(listThings(world, undefined, { ...all, name: "site" }), withSite);
  expectList(listThings(world, undefined, { name: "site", value: "x", isPrefix: true }), withSite);
}

function checkGroups(world: World): void {
  const groups = [...world.groups.values()];
  expectList(listGroupsBelow(world, undefined, true), groups);
  for (const parent of [undefined, ...world.groups.keys()]) {
    expectList(
      listGroupsBelow(world, parent, false),
      groups.filter((group) => group.parent === parent),
    );
  }
  for (const group of groups) {
    const below = new Set(groupsBelow(world, group.thingGroupName));
    expectList(
      listGroupsBelow(world, group.thingGroupName, true),
      groups.filter(({ thingGroupName: name }) => below.has(name)),
    );
    const things = [...world.things.values()];
    const direct = things.filter((thing) => thing.groups.has(group.thingGroupName));
    expectList(listThingsOfGroup(world, group, false), direct);
    const anywhere = things.filter((thing) =>
      [...thing.groups].some((name) => name === group.thingGroupName || below.has(name)),
    );
    expectList(listThingsOfGroup(world, group, true), anywhere);
  }
  for (const group of world.billingGroups?.values() ?? []) {
    const things = [...world.things.values()];
    expectList(
      listThingsOfBillingGroup(world, group),
      things.filter((thing) => thing.billingGroupName === group.billingGroupName),
    );
  }
}

function checkCertificates(world: World): void {
  const certificates = [...world.certificates.values()];
  expectList(listOf(world.certificates), certificates);
  for (const { certificateId: id } of certificates) {
    const things = [...world.things.values()].filter((thing) => thing.certificates.has(id));
    expectList(thingsOf(world, id), things);
  }
  for (const name of ["p0", "p1"]) {
    expectList(
      holdersOf(world, name),
      certificates.filter(({ policies }) => policies.has(name)),
    );
  }
}

function checkJobs(world: World): void {
  const jobs = [...world.jobs.values()];
  const any = { status: undefined, selection: undefined, targetArn: undefined };
  expectList(listJobs(world, any), jobs);
  for (const status of JOB_STATUSES) {
    const found = jobs.filter((job) => job.status === status);
    expectList(listJobs(world, { ...any, status }), found);
    const targetArn = groupArn("g0");
    expectList(
      listJobs(world, { status, selection: "SNAPSHOT", targetArn }),
      found.filter((job) => job.targetSelection === "SNAPSHOT" && job.targets.includes(targetArn)),
    );
  }
  const executions = jobs.flatMap((job) => [...job.executions.values()].flat());
  for (const status of [undefined, ...JOB_EXECUTION_STATUSES]) {
    const found = executions.filter((each) => status === undefined || each.status === status);
    for (const job of jobs) {
      expectList(
        executionsOfJob(job, status),
        found.filter((each) => each.jobId === job.jobId),
      );
    }
    for (const name of ["t0", "t1"]) {
      const ofThing = found.filter((each) => each.thingName === name);
      expectList(executionsOfThing(world, name, { status }), ofThing);
      expectList(
        executionsOfThing(world, name, { status, jobId: "j0" }),
        ofThing.filter((each) => each.jobId === "j0"),
      );
    }
  }
}

function checkShadowsAndPackages(world: World): void {
  for (const [name, shadows] of world.shadows ?? []) {
    const live = [...shadows].filter(([key, { document }]) => key !== "" && document !== undefined);
    expectList(
      namedShadows(world, name),
      live.map(([key, { sequence }]) => ({ shadowName: key, sequence })),
    );
  }
  const versions = [...(world.packages?.get("firmware")?.versions.values() ?? [])];
  for (const status of [undefined, "DRAFT", "PUBLISHED", "DEPRECATED"] as const) {
    expectList(
      listPackageVersions(world, "firmware", status),
      versions.filter((version) => status === undefined || version.status === status),
    );
  }
}

function checkLists(world: World): void {
  checkThings(world);
  checkGroups(world);
  checkCertificates(world);
  checkJobs(world);
  checkShadowsAndPackages(world);
}

test("all lists show the state after every command, and after a restart", () => {
  const accepted = new Set<string>();
  fc.assert(
    fc.property(steps, fc.constantFrom(undefined, 1), (sequence, sliceSize) => {
      const model = createModel(createWorld("us-east-1"), sliceSize);
      for (const type of ["pump", "valve"])
        model.run("createThingType", { thingTypeName: type, searchableAttributes: [] });
      for (const id of ["c0", "c1"])
        model.run("registerCertificate", { certificateId: id, certificatePem: "", active: false });
      addThings(model, "t0", "t1");
      addGroup(model, "g0", ["t0"]);
      addGroup(model, "g1", ["t1"], "g0");
      addJob(model, "j0", [groupArn("g0")], { targetSelection: "CONTINUOUS" });
      model.onRun = (command) => accepted.add(command);
      for (const act of sequence) {
        try {
          act(model);
          model.settle();
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
        }
        checkLists(model.world);
      }
      checkLists(copyWorld(model.world));
    }),
    { numRuns: process.env["FOTA_SWEEP"] ? 400 : 20 },
  );
  // The steps do what they are for; otherwise the lists stay empty.
  expect(accepted.size).toBeGreaterThan(18);
});
