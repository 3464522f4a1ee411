import {
  AttachPolicyCommand,
  AttachPrincipalPolicyCommand,
  CreateKeysAndCertificateCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DetachPolicyCommand,
  DetachPrincipalPolicyCommand,
  GetEffectivePoliciesCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  type IoTClient,
  ListAttachedPoliciesCommand,
  ListPolicyPrincipalsCommand,
  ListPolicyVersionsCommand,
  ListPrincipalPoliciesCommand,
  ListTargetsForPolicyCommand,
  SetDefaultPolicyVersionCommand,
} from "@aws-sdk/client-iot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

// The operations on policies, with the official client. Their effects on devices are in policies.e2e.test.ts.

let local: Local;
let iot: IoTClient;

beforeEach(async () => {
  local = await startLocal();
  iot = iotClientOf(local);
});

afterEach(() => local.stop());

function allowing(action: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: action, Resource: "*" }],
  });
}

const policyName = "p1";

test("a policy has up to five versions, one of them the default", async () => {
  const created = await iot.send(
    new CreatePolicyCommand({ policyName, policyDocument: allowing("iot:Connect") }),
  );
  expect(created).toMatchObject({
    policyArn: "arn:aws:iot:us-east-1:000000000000:policy/p1",
    policyVersionId: "1",
  });
  const second = await iot.send(
    new CreatePolicyVersionCommand({ policyName, policyDocument: allowing("iot:Publish") }),
  );
  expect(second).toMatchObject({ policyVersionId: "2", isDefaultVersion: false });
  const third = await iot.send(
    new CreatePolicyVersionCommand({
      policyName,
      policyDocument: allowing("iot:Receive"),
      setAsDefault: true,
    }),
  );
  expect(third).toMatchObject({ policyVersionId: "3", isDefaultVersion: true });
  expect(await iot.send(new GetPolicyCommand({ policyName }))).toMatchObject({
    defaultVersionId: "3",
    policyDocument: allowing("iot:Receive"),
  });
  await iot.send(new SetDefaultPolicyVersionCommand({ policyName, policyVersionId: "2" }));
  const { policyVersions } = await iot.send(new ListPolicyVersionsCommand({ policyName }));
  expect(policyVersions?.map((each) => [each.versionId, each.isDefaultVersion])).toEqual([
    ["3", false],
    ["2", true],
    ["1", false],
  ]);
  expect(await iot.send(new GetPolicyVersionCommand({ policyName, policyVersionId: "1" }))).toMatchObject({
    policyDocument: allowing("iot:Connect"),
    isDefaultVersion: false,
  });

  const more = () =>
    iot.send(new CreatePolicyVersionCommand({ policyName, policyDocument: allowing("iot:*") }));
  await more();
  await more();
  await expect(more()).rejects.toMatchObject({ name: "VersionsLimitExceededException" });
  const remove = (policyVersionId: string) =>
    iot.send(new DeletePolicyVersionCommand({ policyName, policyVersionId }));
  await expect(remove("2")).rejects.toMatchObject({ name: "DeleteConflictException" });
  await remove("1");
  expect((await more()).policyVersionId).toBe("6");
  await expect(iot.send(new DeletePolicyCommand({ policyName }))).rejects.toMatchObject({
    name: "DeleteConflictException",
  });
  for (const id of ["3", "4", "5", "6"]) await remove(id);
  await iot.send(new DeletePolicyCommand({ policyName }));
  await expect(iot.send(new GetPolicyCommand({ policyName }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
});

test("a policy is attached and detached, with the old and the new operations", async () => {
  const { certificateArn = "" } = await iot.send(new CreateKeysAndCertificateCommand({ setAsActive: true }));
  await iot.send(new CreatePolicyCommand({ policyName, policyDocument: allowing("iot:*") }));
  const targets = async () => (await iot.send(new ListTargetsForPolicyCommand({ policyName }))).targets;
  const attached = async () => {
    const byTarget = await iot.send(new ListAttachedPoliciesCommand({ target: certificateArn }));
    const byPrincipal = await iot.send(new ListPrincipalPoliciesCommand({ principal: certificateArn }));
    expect(byPrincipal.policies).toEqual(byTarget.policies);
    return byTarget.policies?.map((policy) => policy.policyName);
  };
  expect(await attached()).toEqual([]);
  await iot.send(new AttachPolicyCommand({ policyName, target: certificateArn }));
  expect(await attached()).toEqual([policyName]);
  expect(await targets()).toEqual([certificateArn]);
  const { effectivePolicies } = await iot.send(
    new GetEffectivePoliciesCommand({ principal: certificateArn }),
  );
  expect(effectivePolicies).toEqual([
    {
      policyName,
      policyArn: "arn:aws:iot:us-east-1:000000000000:policy/p1",
      policyDocument: allowing("iot:*"),
    },
  ]);
  await iot.send(new DetachPrincipalPolicyCommand({ policyName, principal: certificateArn }));
  expect(await targets()).toEqual([]);
  await iot.send(new AttachPrincipalPolicyCommand({ policyName, principal: certificateArn }));
  await expect(iot.send(new DeletePolicyCommand({ policyName }))).rejects.toMatchObject({
    name: "DeleteConflictException",
  });
  await iot.send(new DetachPolicyCommand({ policyName, target: certificateArn }));
  await iot.send(new DeletePolicyCommand({ policyName }));
});

test("an invalid or unsupported policy document is refused", async () => {
  for (const policyDocument of ["no JSON", "{}", allowing("iot:*").replace("Action", "NotAction")]) {
    await expect(iot.send(new CreatePolicyCommand({ policyName, policyDocument }))).rejects.toMatchObject({
      name: "MalformedPolicyException",
      $metadata: { httpStatusCode: 400 },
    });
  }
  const policyDocument = allowing("iot:*").replace("}]", `,"Sid":"${"s".repeat(2048)}"}]`);
  await expect(iot.send(new CreatePolicyCommand({ policyName, policyDocument }))).rejects.toMatchObject({
    name: "InvalidRequestException",
  });
});

test("each state of a policy has a generation of its own", async () => {
  await iot.send(new CreatePolicyCommand({ policyName, policyDocument: allowing("iot:Connect") }));
  const ofPolicy = async () => (await iot.send(new GetPolicyCommand({ policyName }))).generationId;
  const ofVersion = async (policyVersionId: string) =>
    (await iot.send(new GetPolicyVersionCommand({ policyName, policyVersionId }))).generationId;
  const first = await ofPolicy();
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(await ofPolicy()).toBe(first);
  await iot.send(new CreatePolicyVersionCommand({ policyName, policyDocument: allowing("iot:Publish") }));
  const second = await ofPolicy();
  await iot.send(new SetDefaultPolicyVersionCommand({ policyName, policyVersionId: "2" }));
  const all = [first, second, await ofPolicy(), await ofVersion("1"), await ofVersion("2")];
  expect(new Set(all).size).toBe(5);
});

test("the older list of who holds a policy tells the same as the newer one", async () => {
  await iot.send(new CreatePolicyCommand({ policyName, policyDocument: allowing("iot:Connect") }));
  const arns: string[] = [];
  for (let i = 0; i < 2; i += 1) {
    const { certificateArn: target = "" } = await iot.send(new CreateKeysAndCertificateCommand({}));
    await iot.send(new AttachPolicyCommand({ policyName, target }));
    arns.push(target);
  }
  const list = (input: { pageSize?: number; marker?: string | undefined; ascendingOrder?: boolean }) =>
    iot.send(new ListPolicyPrincipalsCommand({ policyName, ...input }));
  expect((await list({ ascendingOrder: true })).principals).toEqual(arns);
  const first = await list({ pageSize: 1 });
  expect(first.principals).toEqual([arns[1]]);
  expect((await list({ pageSize: 1, marker: first.nextMarker })).principals).toEqual([arns[0]]);
  expect((await iot.send(new ListTargetsForPolicyCommand({ policyName }))).targets).toEqual(
    [...arns].reverse(),
  );
  await expect(iot.send(new ListPolicyPrincipalsCommand({ policyName: "none" }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
});
