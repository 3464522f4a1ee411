import {
  AddThingToThingGroupCommand,
  CreateDynamicThingGroupCommand,
  CreateJobCommand,
  CreatePolicyCommand,
  CreateThingCommand,
  CreateThingGroupCommand,
  CreateThingTypeCommand,
  DeleteDynamicThingGroupCommand,
  DeleteThingCommand,
  DeleteThingGroupCommand,
  DeleteThingTypeCommand,
  DeprecateThingTypeCommand,
  DescribeEndpointCommand,
  DescribeEventConfigurationsCommand,
  DescribeIndexCommand,
  DescribeThingCommand,
  DescribeThingGroupCommand,
  DescribeThingTypeCommand,
  type IoTClient,
  ListJobExecutionsForThingCommand,
  ListJobsCommand,
  ListTagsForResourceCommand,
  ListThingGroupsCommand,
  ListThingGroupsForThingCommand,
  ListThingsCommand,
  ListThingsInThingGroupCommand,
  ListThingTypesCommand,
  paginateListThings,
  paginateListThingsInThingGroup,
  RemoveThingFromThingGroupCommand,
  SearchIndexCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateDynamicThingGroupCommand,
  UpdateEventConfigurationsCommand,
  UpdateThingCommand,
  UpdateThingGroupCommand,
  UpdateThingGroupsForThingCommand,
  UpdateThingTypeCommand,
  type UpdateThingTypeCommandInput,
} from "@aws-sdk/client-iot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Local, manualClock, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

// Things, thing types, groups and event configurations, with the official client.

const clock = manualClock();
let local: Local;
let iot: IoTClient;

beforeEach(async () => {
  local = await startLocal({ clock });
  iot = iotClientOf(local);
});

afterEach(() => local.stop());

async function things(...names: string[]): Promise<void> {
  for (const thingName of names) await iot.send(new CreateThingCommand({ thingName }));
}

async function members(thingGroupName: string, recursive = false): Promise<string[] | undefined> {
  return (await iot.send(new ListThingsInThingGroupCommand({ thingGroupName, recursive }))).things;
}

async function setModel(thingName: string, model: string): Promise<void> {
  await iot.send(
    new UpdateThingCommand({ thingName, attributePayload: { attributes: { model }, merge: true } }),
  );
}

describe("thing types", () => {
  test("are created, described, listed", async () => {
    const created = await iot.send(
      new CreateThingTypeCommand({
        thingTypeName: "gateway",
        thingTypeProperties: { thingTypeDescription: "a gateway", searchableAttributes: ["model"] },
      }),
    );
    expect(created).toMatchObject({
      thingTypeName: "gateway",
      thingTypeArn: "arn:aws:iot:us-east-1:000000000000:thingtype/gateway",
      thingTypeId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const described = await iot.send(new DescribeThingTypeCommand({ thingTypeName: "gateway" }));
    expect(described).toMatchObject({
      thingTypeId: created.thingTypeId,
      thingTypeProperties: { thingTypeDescription: "a gateway", searchableAttributes: ["model"] },
      thingTypeMetadata: { deprecated: false, creationDate: expect.any(Date) },
    });
    await iot.send(new CreateThingTypeCommand({ thingTypeName: "sensor" }));
    const page = await iot.send(new ListThingTypesCommand({ maxResults: 1 }));
    expect(page.thingTypes?.map((type) => type.thingTypeName)).toEqual(["gateway"]);
    const rest = await iot.send(new ListThingTypesCommand({ nextToken: page.nextToken }));
    expect(rest.thingTypes?.map((type) => type.thingTypeName)).toEqual(["sensor"]);
    const one = await iot.send(new ListThingTypesCommand({ thingTypeName: "sensor" }));
    expect(one.thingTypes).toHaveLength(1);
  });

  test("allow a thing 50 attributes, and filter ListThings", async () => {
    const attributes = Object.fromEntries(Array.from({ length: 4 }, (_, index) => [`a${index}`, "v"]));
    const untyped = new CreateThingCommand({ thingName: "t1", attributePayload: { attributes } });
    await expect(iot.send(untyped)).rejects.toMatchObject({ name: "InvalidRequestException" });
    const unknown = new CreateThingCommand({ thingName: "t1", thingTypeName: "gateway" });
    await expect(iot.send(unknown)).rejects.toMatchObject({ name: "ResourceNotFoundException" });

    await iot.send(new CreateThingTypeCommand({ thingTypeName: "gateway" }));
    await iot.send(
      new CreateThingCommand({
        thingName: "t1",
        thingTypeName: "gateway",
        attributePayload: { attributes },
      }),
    );
    await things("t2");
    const typed = await iot.send(new ListThingsCommand({ thingTypeName: "gateway" }));
    expect(typed.things?.map((thing) => thing.thingName)).toEqual(["t1"]);
    await iot.send(
      new CreateThingCommand({ thingName: "t3", attributePayload: { attributes: { a: "b=c" } } }),
    );
    const noName = new ListThingsCommand({ attributeName: "a=b", attributeValue: "c" });
    await expect(iot.send(noName)).rejects.toMatchObject({ name: "InvalidRequestException" });
    const described = await iot.send(new DescribeThingCommand({ thingName: "t1" }));
    expect(described).toMatchObject({ thingTypeName: "gateway", attributes, version: 1 });
  });

  test("can be deleted five minutes after they were deprecated, if no thing uses them", async () => {
    await iot.send(new CreateThingTypeCommand({ thingTypeName: "gateway" }));
    await iot.send(new CreateThingCommand({ thingName: "t1", thingTypeName: "gateway" }));
    const remove = () => iot.send(new DeleteThingTypeCommand({ thingTypeName: "gateway" }));
    await expect(remove()).rejects.toMatchObject({ name: "InvalidRequestException" });

    await iot.send(new DeprecateThingTypeCommand({ thingTypeName: "gateway" }));
    const late = new CreateThingCommand({ thingName: "t2", thingTypeName: "gateway" });
    await expect(iot.send(late)).rejects.toMatchObject({ name: "InvalidRequestException" });
    await expect(remove()).rejects.toMatchObject({ message: expect.stringContaining("five minutes") });
    clock.advance(300_000);
    await expect(remove()).rejects.toMatchObject({ message: expect.stringContaining("t1") });
    await iot.send(new UpdateThingCommand({ thingName: "t1", removeThingType: true }));
    await remove();
    await expect(iot.send(new DescribeThingTypeCommand({ thingTypeName: "gateway" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  test("can be changed in part", async () => {
    const thingTypeName = "gateway";
    await iot.send(
      new CreateThingTypeCommand({
        thingTypeName,
        thingTypeProperties: { thingTypeDescription: "a gateway", searchableAttributes: ["model"] },
      }),
    );
    const update = (thingTypeProperties: UpdateThingTypeCommandInput["thingTypeProperties"]) =>
      iot.send(new UpdateThingTypeCommand({ thingTypeName, thingTypeProperties }));
    await update({ thingTypeDescription: "an old gateway" });
    await update({ searchableAttributes: ["site"] });
    const { thingTypeProperties } = await iot.send(new DescribeThingTypeCommand({ thingTypeName }));
    expect(thingTypeProperties).toEqual({
      thingTypeDescription: "an old gateway",
      searchableAttributes: ["site"],
    });
    await expect(update({ searchableAttributes: ["a", "b", "c", "d"] })).rejects.toMatchObject({
      name: "InvalidRequestException",
    });
    await expect(
      iot.send(new UpdateThingTypeCommand({ thingTypeName: "none", thingTypeProperties: {} })),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("a deprecation can be undone", async () => {
    await iot.send(new CreateThingTypeCommand({ thingTypeName: "gateway" }));
    await iot.send(new DeprecateThingTypeCommand({ thingTypeName: "gateway" }));
    await iot.send(new DeprecateThingTypeCommand({ thingTypeName: "gateway", undoDeprecate: true }));
    await iot.send(new CreateThingCommand({ thingName: "t1", thingTypeName: "gateway" }));
  });
});

describe("updating a thing", () => {
  test("keeps attributes that are not given, and merges or replaces them otherwise", async () => {
    await iot.send(
      new CreateThingCommand({ thingName: "t1", attributePayload: { attributes: { a: "1", b: "2" } } }),
    );
    const attributes = async () => (await iot.send(new DescribeThingCommand({ thingName: "t1" }))).attributes;
    await iot.send(new CreateThingTypeCommand({ thingTypeName: "gateway" }));
    await iot.send(new UpdateThingCommand({ thingName: "t1", thingTypeName: "gateway" }));
    expect(await attributes()).toEqual({ a: "1", b: "2" });
    await iot.send(
      new UpdateThingCommand({
        thingName: "t1",
        attributePayload: { attributes: { a: "", c: "3" }, merge: true },
      }),
    );
    expect(await attributes()).toEqual({ b: "2", c: "3" });
    await iot.send(new UpdateThingCommand({ thingName: "t1", attributePayload: { attributes: { d: "4" } } }));
    expect(await attributes()).toEqual({ d: "4" });
    await expect(
      iot.send(new UpdateThingCommand({ thingName: "t1", expectedVersion: 1 })),
    ).rejects.toMatchObject({ name: "VersionConflictException" });
  });
});

test("groups, thing types and policies can be tagged when they are created or later", async () => {
  const tags = [{ Key: "team", Value: "north" }];
  const Version = "2012-10-17";
  const Statement = [{ Effect: "Allow", Action: "iot:Connect", Resource: "*" }];
  const arns = [
    (await iot.send(new CreateThingGroupCommand({ thingGroupName: "g", tags }))).thingGroupArn,
    (await iot.send(new CreateDynamicThingGroupCommand({ thingGroupName: "d", queryString: "*", tags })))
      .thingGroupArn,
    (await iot.send(new CreateThingTypeCommand({ thingTypeName: "gateway", tags }))).thingTypeArn,
    (
      await iot.send(
        new CreatePolicyCommand({
          policyName: "p",
          policyDocument: JSON.stringify({ Version, Statement }),
          tags,
        }),
      )
    ).policyArn,
  ];
  for (const resourceArn of arns) {
    const listed = async () => (await iot.send(new ListTagsForResourceCommand({ resourceArn }))).tags;
    expect(await listed()).toEqual(tags);
    const more = [{ Key: "stage", Value: "" }];
    await iot.send(new TagResourceCommand({ resourceArn, tags: more }));
    await iot.send(new UntagResourceCommand({ resourceArn, tagKeys: ["team"] }));
    expect(await listed()).toEqual(more);
  }
  const same = (value: string) =>
    iot.send(new CreateThingGroupCommand({ thingGroupName: "g", tags: [{ Key: "stage", Value: value }] }));
  await same("");
  await expect(same("beta")).rejects.toMatchObject({ name: "ResourceAlreadyExistsException" });
  const resourceArn = "arn:aws:iot:us-east-1:000000000000:thinggroup/none";
  await expect(iot.send(new ListTagsForResourceCommand({ resourceArn }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
});

test("jobs on a group are listed with the id of the group, others without one", async () => {
  const { thingGroupArn = "", thingGroupId } = await iot.send(
    new CreateThingGroupCommand({ thingGroupName: "g" }),
  );
  await iot.send(new CreateJobCommand({ jobId: "j1", targets: [thingGroupArn], document: "{}" }));
  const ids = async (input: { thingGroupName?: string; thingGroupId?: string | undefined }) =>
    (await iot.send(new ListJobsCommand(input))).jobs?.map((job) => [job.jobId, job.thingGroupId]);
  expect(await ids({ thingGroupName: "g" })).toEqual([["j1", thingGroupId]]);
  expect(await ids({ thingGroupId })).toEqual([["j1", thingGroupId]]);
  expect(await ids({})).toEqual([["j1", undefined]]);
  expect(await ids({ thingGroupId: "none" })).toEqual([]);
});

test("an index that is off is not found, and one that AWS lacks is refused", async () => {
  for (const [indexName, name] of [
    ["AWS_ThingGroups", "ResourceNotFoundException"],
    ["none", "InvalidRequestException"],
  ] as const) {
    const queryString = "*";
    for (const command of [
      new DescribeIndexCommand({ indexName }),
      new SearchIndexCommand({ indexName, queryString }),
      new CreateDynamicThingGroupCommand({ thingGroupName: "d", indexName, queryString }),
    ]) {
      await expect(iot.send(command as DescribeIndexCommand)).rejects.toMatchObject({ name });
    }
  }
});

describe("groups in groups", () => {
  beforeEach(async () => {
    await iot.send(new CreateThingGroupCommand({ thingGroupName: "world" }));
    await iot.send(new CreateThingGroupCommand({ thingGroupName: "europe", parentGroupName: "world" }));
    await iot.send(new CreateThingGroupCommand({ thingGroupName: "milan", parentGroupName: "europe" }));
  });

  test("are described with their path from the root, and listed by parent and depth", async () => {
    const { thingGroupMetadata } = await iot.send(new DescribeThingGroupCommand({ thingGroupName: "milan" }));
    expect(thingGroupMetadata?.parentGroupName).toBe("europe");
    expect(thingGroupMetadata?.rootToParentThingGroups?.map((group) => group.groupName)).toEqual([
      "world",
      "europe",
    ]);
    const names = async (input: { parentGroup?: string; recursive?: boolean; namePrefixFilter?: string }) =>
      (await iot.send(new ListThingGroupsCommand(input))).thingGroups?.map((group) => group.groupName);
    expect(await names({})).toEqual(["world", "europe", "milan"]);
    expect(await names({ recursive: false })).toEqual(["world"]);
    expect(await names({ parentGroup: "world" })).toEqual(["europe", "milan"]);
    expect(await names({ parentGroup: "world", recursive: false })).toEqual(["europe"]);
    expect(await names({ namePrefixFilter: "mi" })).toEqual(["milan"]);
  });

  test("count their things for the groups above, each once", async () => {
    await things("t1", "t2");
    await iot.send(new AddThingToThingGroupCommand({ thingGroupName: "milan", thingName: "t1" }));
    await iot.send(new AddThingToThingGroupCommand({ thingGroupName: "europe", thingName: "t1" }));
    await iot.send(new AddThingToThingGroupCommand({ thingGroupName: "world", thingName: "t2" }));
    expect(await members("world")).toEqual(["t2"]);
    expect(await members("world", true)).toEqual(["t1", "t2"]);
    expect(await members("europe", true)).toEqual(["t1"]);
  });

  test("must be deleted from below: a group with child groups is not deleted", async () => {
    const remove = (thingGroupName: string) => iot.send(new DeleteThingGroupCommand({ thingGroupName }));
    await expect(remove("europe")).rejects.toMatchObject({ name: "InvalidRequestException" });
    await remove("milan");
    await remove("europe");
    await remove("never-there");
  });

  test("are seven deep at most", async () => {
    for (const [name, parent] of [
      ["l4", "milan"],
      ["l5", "l4"],
      ["l6", "l5"],
      ["l7", "l6"],
    ]) {
      await iot.send(new CreateThingGroupCommand({ thingGroupName: name, parentGroupName: parent }));
    }
    await expect(
      iot.send(new CreateThingGroupCommand({ thingGroupName: "l8", parentGroupName: "l7" })),
    ).rejects.toMatchObject({ name: "InvalidRequestException" });
  });

  test("UpdateThingGroupsForThing removes and adds in one step, or not at all", async () => {
    await things("t1");
    await iot.send(new AddThingToThingGroupCommand({ thingGroupName: "milan", thingName: "t1" }));
    const groups = async () =>
      (await iot.send(new ListThingGroupsForThingCommand({ thingName: "t1" }))).thingGroups?.map(
        (group) => group.groupName,
      );
    await iot.send(
      new UpdateThingGroupsForThingCommand({
        thingName: "t1",
        thingGroupsToAdd: ["world", "europe"],
        thingGroupsToRemove: ["milan"],
      }),
    );
    expect(await groups()).toEqual(["world", "europe"]);
    await expect(
      iot.send(
        new UpdateThingGroupsForThingCommand({
          thingName: "t1",
          thingGroupsToAdd: ["missing"],
          thingGroupsToRemove: ["world"],
        }),
      ),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    expect(await groups()).toEqual(["world", "europe"]);
  });
});

describe("dynamic groups", () => {
  test("contain the things that their query finds, now and later", async () => {
    await things("dev-1", "dev-2", "other");
    await setModel("dev-1", "x1");
    const created = await iot.send(
      new CreateDynamicThingGroupCommand({
        thingGroupName: "x1s",
        queryString: "thingName:dev-* AND attributes.model:x1",
      }),
    );
    expect(created).toMatchObject({
      indexName: "AWS_Things",
      queryVersion: "2017-09-30",
      queryString: "thingName:dev-* AND attributes.model:x1",
    });
    expect(await members("x1s")).toEqual(["dev-1"]);
    await setModel("dev-2", "x1");
    await setModel("other", "x1");
    expect(await members("x1s")).toEqual(["dev-1", "dev-2"]);
    await setModel("dev-1", "x2");
    expect(await members("x1s")).toEqual(["dev-2"]);
    await iot.send(new DeleteThingCommand({ thingName: "dev-2" }));
    expect(await members("x1s")).toEqual([]);
    await iot.send(
      new CreateThingCommand({ thingName: "dev-3", attributePayload: { attributes: { model: "x1" } } }),
    );
    expect(await members("x1s")).toEqual(["dev-3"]);
    expect(await iot.send(new DescribeThingGroupCommand({ thingGroupName: "x1s" }))).toMatchObject({
      status: "ACTIVE",
      queryString: "thingName:dev-* AND attributes.model:x1",
      indexName: "AWS_Things",
      queryVersion: "2017-09-30",
    });
  });

  test("follow changes of static groups and of their query", async () => {
    await things("t1", "t2");
    await iot.send(new CreateThingGroupCommand({ thingGroupName: "beta" }));
    await iot.send(
      new CreateDynamicThingGroupCommand({ thingGroupName: "d", queryString: "thingGroupNames:beta" }),
    );
    await iot.send(new AddThingToThingGroupCommand({ thingGroupName: "beta", thingName: "t2" }));
    expect(await members("d")).toEqual(["t2"]);
    await iot.send(new RemoveThingFromThingGroupCommand({ thingGroupName: "beta", thingName: "t2" }));
    expect(await members("d")).toEqual([]);
    const { version } = await iot.send(
      new UpdateDynamicThingGroupCommand({
        thingGroupName: "d",
        thingGroupProperties: { thingGroupDescription: "all but t1" },
        queryString: "NOT thingName:t1",
        expectedVersion: 1,
      }),
    );
    expect(version).toBe(2);
    expect(await members("d")).toEqual(["t2"]);
  });

  test("are targets of jobs; a CONTINUOUS job follows their members", async () => {
    await things("t1", "t2");
    const { thingGroupArn = "" } = await iot.send(
      new CreateDynamicThingGroupCommand({ thingGroupName: "x1s", queryString: "attributes.model:x1" }),
    );
    await setModel("t1", "x1");
    await iot.send(
      new CreateJobCommand({
        jobId: "j1",
        targets: [thingGroupArn],
        document: "{}",
        targetSelection: "CONTINUOUS",
      }),
    );
    const statuses = async (thingName: string) =>
      (await iot.send(new ListJobExecutionsForThingCommand({ thingName }))).executionSummaries?.map(
        ({ jobExecutionSummary }) => jobExecutionSummary?.status,
      );
    await expect.poll(() => statuses("t1")).toEqual(["QUEUED"]);
    await setModel("t2", "x1");
    expect(await statuses("t2")).toEqual(["QUEUED"]);
    await setModel("t1", "x2");
    expect(await statuses("t1")).toEqual(["REMOVED"]);
  });

  test("refuse members added by hand, child groups and unsupported queries", async () => {
    await things("t1");
    await iot.send(new CreateDynamicThingGroupCommand({ thingGroupName: "d", queryString: "*" }));
    await iot.send(new CreateThingGroupCommand({ thingGroupName: "s" }));
    const refusals = [
      new AddThingToThingGroupCommand({ thingGroupName: "d", thingName: "t1" }),
      new RemoveThingFromThingGroupCommand({ thingGroupName: "d", thingName: "t1" }),
      new CreateThingGroupCommand({ thingGroupName: "child", parentGroupName: "d" }),
      new UpdateThingGroupCommand({ thingGroupName: "d", thingGroupProperties: {} }),
      new DeleteThingGroupCommand({ thingGroupName: "d" }),
      new DeleteDynamicThingGroupCommand({ thingGroupName: "s" }),
      new UpdateDynamicThingGroupCommand({ thingGroupName: "s", thingGroupProperties: {} }),
      new CreateDynamicThingGroupCommand({ thingGroupName: "e", queryString: "*", queryVersion: "1" }),
    ];
    for (const command of refusals) {
      await expect(iot.send(command as CreateThingGroupCommand)).rejects.toMatchObject({
        name: "InvalidRequestException",
      });
    }
    for (const queryString of ["shadow.v:1", "thingName:("]) {
      await expect(
        iot.send(new CreateDynamicThingGroupCommand({ thingGroupName: "e", queryString })),
      ).rejects.toMatchObject({ name: "InvalidQueryException" });
    }
    await iot.send(new DeleteDynamicThingGroupCommand({ thingGroupName: "d" }));
    const left = await iot.send(new ListThingGroupsForThingCommand({ thingName: "t1" }));
    expect(left.thingGroups).toEqual([]);
  });

  test("are left for static groups if a thing would be in more than ten, with overrideDynamicGroups", async () => {
    await things("t1");
    await iot.send(new CreateDynamicThingGroupCommand({ thingGroupName: "d", queryString: "thingName:t1" }));
    const names = Array.from({ length: 10 }, (_, index) => `g${index}`);
    for (const thingGroupName of names) await iot.send(new CreateThingGroupCommand({ thingGroupName }));
    for (const thingGroupName of names.slice(0, 9)) {
      await iot.send(new AddThingToThingGroupCommand({ thingGroupName, thingName: "t1" }));
    }
    const last = { thingGroupName: "g9", thingName: "t1" };
    await expect(iot.send(new AddThingToThingGroupCommand(last))).rejects.toMatchObject({
      name: "InvalidRequestException",
    });
    await iot.send(new AddThingToThingGroupCommand({ ...last, overrideDynamicGroups: true }));
    const { thingGroups } = await iot.send(new ListThingGroupsForThingCommand({ thingName: "t1" }));
    expect(thingGroups?.map((group) => group.groupName)).toEqual(names);
  });
});

describe("the index", () => {
  test("is searched in the language of dynamic groups, page by page", async () => {
    const names = Array.from({ length: 130 }, (_, index) => `dev-${index}`);
    await things("other", ...names);
    await setModel("dev-7", "x1");
    await iot.send(new CreateThingGroupCommand({ thingGroupName: "beta" }));
    await iot.send(new AddThingToThingGroupCommand({ thingGroupName: "beta", thingName: "dev-7" }));
    const one = await iot.send(new SearchIndexCommand({ queryString: "attributes.model:x1" }));
    expect(one.things).toEqual([
      {
        thingName: "dev-7",
        thingId: expect.any(String),
        thingGroupNames: ["beta"],
        attributes: { model: "x1" },
        connectivity: { connected: false },
      },
    ]);
    const first = await iot.send(new SearchIndexCommand({ queryString: "thingName:dev-*", maxResults: 500 }));
    const rest = await iot.send(
      new SearchIndexCommand({ queryString: "thingName:dev-*", nextToken: first.nextToken }),
    );
    expect([first.things?.length, rest.things?.length, rest.nextToken]).toEqual([100, 30, undefined]);
    await expect(iot.send(new SearchIndexCommand({ queryString: "shadow.a:1" }))).rejects.toMatchObject({
      name: "InvalidQueryException",
    });
  });
});

test("lists page at 1 and at 250, through things and the things of a group", async () => {
  await iot.send(new CreateThingGroupCommand({ thingGroupName: "all" }));
  const names = Array.from({ length: 251 }, (_, index) => `thing-${index}`);
  await things(...names);
  const grouped = names.slice(0, 3);
  for (const thingName of grouped) {
    await iot.send(new AddThingToThingGroupCommand({ thingGroupName: "all", thingName }));
  }
  const pages: (string | undefined)[][] = [];
  for await (const page of paginateListThings({ client: iot, pageSize: 250 }, {})) {
    pages.push((page.things ?? []).map((thing) => thing.thingName));
  }
  expect(pages).toEqual([names.slice(0, 250), names.slice(250)]);
  const single: (string[] | undefined)[] = [];
  for await (const page of paginateListThingsInThingGroup(
    { client: iot, pageSize: 1 },
    { thingGroupName: "all" },
  )) {
    single.push(page.things);
  }
  expect(single).toEqual(grouped.map((name) => [name]));
});

describe("event configurations", () => {
  test("are off by default, and job events can be enabled one by one", async () => {
    const read = async () => (await iot.send(new DescribeEventConfigurationsCommand({}))).eventConfigurations;
    expect(await read()).toMatchObject({ JOB: { Enabled: false }, THING: { Enabled: false } });
    await iot.send(
      new UpdateEventConfigurationsCommand({
        eventConfigurations: {
          JOB: { Enabled: true },
          JOB_EXECUTION: { Enabled: true },
          THING: { Enabled: false },
        },
      }),
    );
    await iot.send(
      new UpdateEventConfigurationsCommand({ eventConfigurations: { JOB: { Enabled: false } } }),
    );
    expect(await read()).toMatchObject({ JOB: { Enabled: false }, JOB_EXECUTION: { Enabled: true } });
  });

  test("other event types are refused, not ignored", async () => {
    await expect(
      iot.send(new UpdateEventConfigurationsCommand({ eventConfigurations: { THING: { Enabled: true } } })),
    ).rejects.toMatchObject({ name: "InvalidRequestException", message: expect.stringContaining("THING") });
  });
});

test("DescribeEndpoint returns host and port of each part, and refuses unknown types", async () => {
  const address = async (endpointType?: string) =>
    (await iot.send(new DescribeEndpointCommand({ endpointType }))).endpointAddress;
  const mqtts = new URL(local.mqtts).host;
  expect(await address()).toBe(mqtts);
  expect(await address("iot:Data")).toBe(mqtts);
  expect(await address("iot:Data-ATS")).toBe(mqtts);
  expect(await address("iot:Jobs")).toBe(new URL(local.https).host);
  expect(await address("iot:CredentialProvider")).toBe(new URL(local.https).host);
  await expect(address("iot:Nothing")).rejects.toMatchObject({
    name: "InvalidRequestException",
    message: expect.stringContaining("does not support"),
  });
});
