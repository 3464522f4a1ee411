import { describe, expect, test } from "vitest";
import { parsePolicy } from "./document.js";
import { createGrants } from "./evaluate.js";

const ARN = "arn:aws:iot:us-east-1:000000000000:";

interface StatementText {
  Effect?: string;
  Action?: unknown;
  Resource?: unknown;
  Condition?: unknown;
}

const VALUES: Record<string, string[]> = {
  "iot:ClientId": ["t1"],
  "iot:Connection.Thing.ThingName": ["t1"],
  "iot:Connection.Thing.IsAttached": ["true"],
  "iot:Connection.Thing.Attributes[site]": ["a*"],
  "iot:ConnectAttributes": ["PersistentConnect", "LastWill"],
};

function decide(statements: StatementText[], action: string, resource: string): string {
  const full = statements.map((each) => ({ Effect: "Allow", Action: "*", Resource: "*", ...each }));
  const policy = parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: full }));
  return createGrants([policy], (key) => VALUES[key]).decide(action, `${ARN}${resource}`);
}

describe("actions and resources", () => {
  test.each([
    ["iot:*", "*", "iot:Publish", "topic/a", true],
    ["*", "*", "iot:Connect", "client/t1", true],
    ["iot:publish", "*", "iot:Publish", "topic/a", true],
    ["iot:P*", "*", "iot:Subscribe", "topicfilter/a", false],
    [["iot:Connect", "iot:Publish"], "*", "iot:Publish", "topic/a", true],
    ["iot:Publish", `${ARN}topic/dt/*`, "iot:Publish", "topic/dt/a/b", true],
    ["iot:Publish", `${ARN}topic/dt/?`, "iot:Publish", "topic/dt/ab", false],
    ["iot:Publish", "arn:aws:iot:*:*:topic/dt", "iot:Publish", "topic/dt", true],
    ["iot:Subscribe", `${ARN}topic/dt`, "iot:Subscribe", "topicfilter/dt", false],
    // MQTT's wildcards are plain text to a policy.
    ["iot:Subscribe", `${ARN}topicfilter/dt/+`, "iot:Subscribe", "topicfilter/dt/a", false],
    ["iot:Subscribe", `${ARN}topicfilter/dt/*`, "iot:Subscribe", "topicfilter/dt/#", true],
  ])("%j on %j: %s %s is %s", (Action, Resource, action, resource, expected) => {
    const decision = decide([{ Action, Resource }], action, resource);
    expect(decision).toBe(expected ? "allowed" : "allowed by no statement");
  });

  test("a Deny overrides every Allow, whatever their order", () => {
    const statements = [{ Effect: "Deny", Resource: `${ARN}topic/secret/*` }, {}];
    expect(decide(statements, "iot:Publish", "topic/secret/a")).toBe("denied by a statement");
    expect(decide(statements.reverse(), "iot:Publish", "topic/secret/a")).toBe("denied by a statement");
    expect(decide(statements, "iot:Publish", "topic/open")).toBe("allowed");
  });
});

describe("variables", () => {
  const own = `${ARN}topic/$aws/things/\${iot:Connection.Thing.ThingName}/jobs/*`;

  test("stand for the name of the client's thing", () => {
    const statements = [{ Resource: own }];
    expect(decide(statements, "iot:Publish", "topic/$aws/things/t1/jobs/get")).toBe("allowed");
    expect(decide(statements, "iot:Publish", "topic/$aws/things/t2/jobs/get")).not.toBe("allowed");
  });

  test("are matched literally, without wildcards", () => {
    const statements = [{ Resource: `${ARN}topic/\${iot:Connection.Thing.Attributes[site]}` }];
    expect(decide(statements, "iot:Publish", "topic/a*")).toBe("allowed");
    expect(decide(statements, "iot:Publish", "topic/ab")).not.toBe("allowed");
  });

  test("match nothing without a value", () => {
    const statements = [{ Resource: `${ARN}topic/\${iot:Connection.Thing.ThingTypeName}*` }];
    expect(decide(statements, "iot:Publish", "topic/a")).toBe("allowed by no statement");
  });

  test("can escape wildcard characters", () => {
    const statements = [{ Resource: `${ARN}topic/\${*}\${?}\${$}` }];
    expect(decide(statements, "iot:Publish", "topic/*?$")).toBe("allowed");
    expect(decide(statements, "iot:Publish", "topic/ab$")).not.toBe("allowed");
  });
});

describe("conditions", () => {
  test.each([
    [{ Bool: { "iot:Connection.Thing.IsAttached": ["true"] } }, true],
    [{ Bool: { "iot:Connection.Thing.IsAttached": true } }, true],
    [{ Bool: { "iot:Connection.Thing.IsAttached": "False" } }, false],
    [{ StringEquals: { "iot:ClientId": "t1" } }, true],
    [{ StringEquals: { "iot:ClientId": "t*" } }, false],
    [{ StringEquals: { "iot:ClientId": ["t0", "t1"] } }, true],
    [{ StringEquals: { "iot:ClientId": "T1" } }, false],
    [{ StringEqualsIgnoreCase: { "iot:ClientId": "T1" } }, true],
    [{ StringNotEqualsIgnoreCase: { "iot:ClientId": "T1" } }, false],
    [{ StringLike: { "iot:ClientId": "t*" } }, true],
    [{ StringNotLike: { "iot:ClientId": "t*" } }, false],
    [{ StringNotEquals: { "iot:ClientId": ["t0", "t2"] } }, true],
    [{ StringNotEquals: { "iot:ClientId": ["t0", "t1"] } }, false],
    [{ StringEquals: { "iot:ClientId": "${iot:Connection.Thing.ThingName}" } }, true],
    [{ StringEquals: { "aws:SourceIp": "127.0.0.1" } }, false],
    [{ StringNotEquals: { "aws:SourceIp": "127.0.0.1" } }, true],
    [{ StringEquals: { "iot:ClientId": "t1" }, Bool: { "iot:Connection.Thing.IsAttached": "false" } }, false],
    [{ "ForAnyValue:StringEquals": { "iot:ConnectAttributes": ["LastWill"] } }, true],
    [{ "ForAllValues:StringEquals": { "iot:ConnectAttributes": ["LastWill"] } }, false],
    [
      {
        "ForAllValues:StringEquals": { "iot:ConnectAttributes": ["LastWill", "PersistentConnect"] },
      },
      true,
    ],
    [{ "ForAllValues:StringEquals": { "aws:SourceIp": "127.0.0.1" } }, true],
  ])("%j: %s", (Condition, expected) => {
    const decision = decide([{ Condition }], "iot:Connect", "client/t1");
    expect(decision).toBe(expected ? "allowed" : "allowed by no statement");
  });
});

describe("is refused as MalformedPolicyException", () => {
  const policy = (statement: object, more: object = {}) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Action: "*", Resource: "*", ...statement },
      ...more,
    });

  test.each([
    ["{", "not JSON"],
    ["[]", "must be a JSON object"],
    [policy({}, { Version: "2008-10-17" }), "Version"],
    [policy({}, { Statement: undefined }), "Statement is missing"],
    [policy({ Effect: "allow" }), "Effect"],
    [policy({ Action: undefined }), "Action is missing"],
    [policy({ Action: [1] }), "Action must be a string"],
    [policy({ Resource: "topic/a" }), "topic/a is not an ARN"],
    [policy({ NotAction: "*" }), "does not support NotAction"],
    [policy({ Principal: "*" }), "does not support Principal"],
    [
      policy({ Condition: { DateLessThan: { "aws:CurrentTime": "2030" } } }),
      "does not support the condition DateLessThan",
    ],
    [policy({ Condition: { StringEquals: { "aws:UserAgent": "x" } } }), "does not support aws:UserAgent"],
    [policy({ Resource: "arn:aws:iot:*:*:topic/${iot:Domain}" }), "does not support iot:Domain"],
  ])("%s", (document, message) => {
    expect(() => parsePolicy(document)).toThrow(
      expect.objectContaining({
        code: "MalformedPolicyException",
        status: 400,
        message: expect.stringContaining(message),
      }),
    );
  });
});
