/** Role aliases with the official client. What devices get with them is in credential-provider.e2e.test.ts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateRoleAliasCommand,
  DeleteRoleAliasCommand,
  DescribeRoleAliasCommand,
  type IoTClient,
  ListRoleAliasesCommand,
  ListTagsForResourceCommand,
  UpdateRoleAliasCommand,
} from "@aws-sdk/client-iot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

const roleArn = "arn:aws:iam::000000000000:role/upload";
const arnOf = (alias: string) => `arn:aws:iot:us-east-1:000000000000:rolealias/${alias}`;
let dir: string;
let local: Local;
let iot: IoTClient;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-aliases-"));
  local = await startLocal({ dir });
  iot = iotClientOf(local);
});

afterEach(async () => {
  iot.destroy();
  await local.stop();
  await rm(dir, { recursive: true });
});

test("a role alias is created, described, changed in part and deleted, and survives a restart", async () => {
  const roleAlias = "upload@eu=1,a-b_c";
  const tags = [{ Key: "team", Value: "devices" }];
  expect(await iot.send(new CreateRoleAliasCommand({ roleAlias, roleArn, tags }))).toMatchObject({
    roleAlias,
    roleAliasArn: arnOf(roleAlias),
  });
  const describe = async () =>
    (await iot.send(new DescribeRoleAliasCommand({ roleAlias }))).roleAliasDescription;
  const first = await describe();
  expect(first).toEqual({
    roleAlias,
    roleAliasArn: arnOf(roleAlias),
    roleArn,
    owner: "000000000000",
    credentialDurationSeconds: 3600,
    creationDate: expect.any(Date),
    lastModifiedDate: expect.any(Date),
  });
  expect(await iot.send(new ListTagsForResourceCommand({ resourceArn: arnOf(roleAlias) }))).toMatchObject({
    tags,
  });

  local.clock.advance(60_000);
  await iot.send(new UpdateRoleAliasCommand({ roleAlias, credentialDurationSeconds: 43_200 }));
  const changed = await describe();
  expect(changed).toMatchObject({
    roleArn,
    credentialDurationSeconds: 43_200,
    creationDate: first?.creationDate,
  });
  expect(Number(changed?.lastModifiedDate) - Number(first?.lastModifiedDate)).toBeGreaterThanOrEqual(60_000);

  iot.destroy();
  await local.stop();
  local = await startLocal({ dir });
  iot = iotClientOf(local);
  expect(await describe()).toEqual(changed);
  await iot.send(new DeleteRoleAliasCommand({ roleAlias }));
  await expect(describe()).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});

test("role aliases are listed page by page, newest first or oldest first", async () => {
  for (const roleAlias of ["a", "b", "c"]) await iot.send(new CreateRoleAliasCommand({ roleAlias, roleArn }));
  const first = await iot.send(new ListRoleAliasesCommand({ pageSize: 2 }));
  expect(first.roleAliases).toEqual(["c", "b"]);
  const rest = await iot.send(new ListRoleAliasesCommand({ pageSize: 2, marker: first.nextMarker }));
  expect(rest).toMatchObject({ roleAliases: ["a"] });
  expect(rest.nextMarker).toBeUndefined();
  const ascending = await iot.send(new ListRoleAliasesCommand({ ascendingOrder: true }));
  expect(ascending.roleAliases).toEqual(["a", "b", "c"]);
});

test.each([
  { input: { roleArn, credentialDurationSeconds: 899 }, message: "greater than or equal to 900" },
  { input: { roleArn, credentialDurationSeconds: 43_201 }, message: "less than or equal to 43200" },
  { input: { roleArn: "arn:aws:iam::0" }, message: "'roleArn'" },
  { input: { roleArn, roleAlias: "a b" }, message: "'roleAlias'" },
])("CreateRoleAlias refuses $input", async ({ input, message }) => {
  await expect(iot.send(new CreateRoleAliasCommand({ roleAlias: "a", ...input }))).rejects.toMatchObject({
    name: "InvalidRequestException",
    message: expect.stringContaining(message),
  });
});

test("a second alias of one name is refused, and so are changes of one that does not exist", async () => {
  await iot.send(new CreateRoleAliasCommand({ roleAlias: "a", roleArn }));
  await expect(iot.send(new CreateRoleAliasCommand({ roleAlias: "a", roleArn }))).rejects.toMatchObject({
    name: "ResourceAlreadyExistsException",
    resourceArn: arnOf("a"),
  });
  for (const command of [
    new UpdateRoleAliasCommand({ roleAlias: "b", roleArn }),
    new DeleteRoleAliasCommand({ roleAlias: "b" }),
  ]) {
    await expect(iot.send(command as UpdateRoleAliasCommand)).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  }
});
