import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { makeQueryGroup, planQueryGroup } from "./query-group.js";

const ARN = "arn:aws:iot:eu-west-1:123456789012";
const QUERY = { name: "fota-query-1", query: "attributes.model:m1" };
const signal = new AbortController().signal;

const named = (name: string) => () => {
  throw Object.assign(new Error(`as ${name}`), { name });
};

test("a group that does not exist is planned, and nothing is made", async () => {
  const { iot, asked } = iotThat({
    DescribeThingGroup: named("ResourceNotFoundException"),
    SearchIndex: () => ({ things: [{ thingName: "a" }] }),
    DescribeThing: () => ({ thingArn: `${ARN}:thing/a` }),
  });
  expect(await planQueryGroup(iot, QUERY)).toEqual({
    ...QUERY,
    arn: `${ARN}:thinggroup/fota-query-1`,
    exists: false,
  });
  expect(asked).toEqual(["DescribeThingGroup", "SearchIndex", "DescribeThing"]);
});

test("a thing that was deleted, and that the index still has, is no obstacle", async () => {
  const { iot } = iotThat({
    DescribeThingGroup: ({ thingGroupName }) =>
      thingGroupName === "new"
        ? named("ResourceNotFoundException")()
        : { thingGroupArn: ARN, queryString: QUERY.query },
    SearchIndex: () => ({ things: [{ thingName: "gone" }, { thingName: "a" }] }),
    ListThingsInThingGroup: () => ({ things: ["a"] }),
    DescribeThing: ({ thingName }) =>
      thingName === "gone" ? named("ResourceNotFoundException")() : { thingArn: `${ARN}:thing/a` },
  });
  expect(await planQueryGroup(iot, { ...QUERY, name: "new" })).toMatchObject({ exists: false });
  await makeQueryGroup(iot, { ...QUERY, arn: ARN, exists: true }, signal);
});

test("the same query has the same group, another query of that name is refused", async () => {
  const group = (queryString?: string) =>
    iotThat({ DescribeThingGroup: () => ({ thingGroupArn: `${ARN}:thinggroup/fota-query-1`, queryString }) })
      .iot;
  expect(await planQueryGroup(group(QUERY.query), QUERY)).toMatchObject({ exists: true });
  await expect(planQueryGroup(group("attributes.model:m2"), QUERY)).rejects.toMatchObject({
    code: "GROUP_EXISTS",
  });
  await expect(planQueryGroup(group(), QUERY)).rejects.toMatchObject({ code: "GROUP_EXISTS" });
});

test.each([
  ["InvalidQueryException", "QUERY_INVALID"],
  ["IndexNotReadyException", "INDEX_OFF"],
])("%s of a search is %s", async (name, code) => {
  const { iot } = iotThat({
    DescribeThingGroup: named("ResourceNotFoundException"),
    SearchIndex: named(name),
  });
  await expect(planQueryGroup(iot, QUERY)).rejects.toMatchObject({ code });
});

test("a new group is waited for until AWS has built it and put all things into it", async () => {
  let described = 0;
  let listed = 0;
  const { iot, asked } = iotThat({
    CreateDynamicThingGroup: ({ queryString }) => ({ queryString }),
    DescribeThingGroup: () => {
      described += 1;
      return {
        thingGroupArn: ARN,
        queryString: QUERY.query,
        status: described === 1 ? "BUILDING" : "ACTIVE",
      };
    },
    ListThingsInThingGroup: () => {
      listed += 1;
      return { things: listed === 1 ? ["a"] : ["a", "b"] };
    },
    SearchIndex: () => ({ things: [{ thingName: "a" }, { thingName: "b" }] }),
    DescribeThing: ({ thingName }) => ({ thingArn: `${ARN}:thing/${String(thingName)}` }),
  });
  await makeQueryGroup(iot, { ...QUERY, arn: ARN, exists: false }, signal);
  expect(asked[0]).toBe("CreateDynamicThingGroup");
  expect([described, listed]).toEqual([2, 2]);
});

test("the account's limit of dynamic groups is explained", async () => {
  const { iot } = iotThat({ CreateDynamicThingGroup: named("LimitExceededException") });
  await expect(makeQueryGroup(iot, { ...QUERY, arn: ARN, exists: false }, signal)).rejects.toMatchObject({
    code: "AWS_ERROR",
    hint: expect.stringContaining("delete-dynamic-thing-group"),
  });
});
