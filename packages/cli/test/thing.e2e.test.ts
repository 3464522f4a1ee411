import { access, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateThingGroupCommand,
  DescribeThingCommand,
  ListCertificatesCommand,
  ListThingsInThingGroupCommand,
  UpdateCertificateCommand,
} from "@aws-sdk/client-iot";
import { FotaAgent, Jobs } from "@fota/agent";
import { connectThing, nodeDevice, simulateBoot } from "@fota/agent/node";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { devicePolicies } from "../src/aws/device-policy.js";
import { makeKeyWithRequest } from "../src/aws/signing-request.js";
import { shownThingSchema, thingCreationSchema, thingDeletionSchema } from "../src/thing/result.js";
import { fota } from "./cli.js";
import { type Fleet, startFleet } from "./fleet.js";

let fleet: Fleet;

beforeEach(async () => {
  fleet = await startFleet({ strict: true });
});
afterEach(() => fleet.stop());

function pathOf(...names: string[]): string {
  return join(fleet.folder, ...names);
}

async function create(name: string, ...args: string[]) {
  const { code, stdout, stderr } = await fleet.fota(["thing", "create", name, "--json", ...args]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return v.parse(thingCreationSchema, JSON.parse(stdout));
}

async function countCertificates(): Promise<number> {
  return (await fleet.iot.send(new ListCertificatesCommand({}))).certificates?.length ?? 0;
}

test("a thing is created, its device is updated with the files of its folder, and it is deleted", async () => {
  const reach = ["--local", "--endpoint-url", fleet.local.endpoint];
  const dir = pathOf("pump");
  const made = await fota(["thing", "create", "pump-new", "--out", dir, ...reach]);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const config = JSON.parse(await readFile(join(dir, "agent.json"), "utf8"));
  const [cert, key, ca] = [config.cert, config.key, config.ca].map((file) => join(dir, file));
  let isConnected = false;
  const onConnectionChange = (connected: boolean) => {
    isConnected = connected;
  };
  const thing = await connectThing({ ...config, cert, key, ca, onConnectionChange });
  const flash = pathOf("flash");
  await mkdir(flash);
  const boot = async () => {
    const { slot: runningSlot } = await simulateBoot(flash);
    const device = nodeDevice({ dir: flash, runningSlot, ca: ca ?? "", log: () => {} });
    const options = { selfTest: () => true, autoReset: false, allowLoopbackHttp: true };
    const agent = new FotaAgent(device, new Jobs(thing), options);
    const ended = new Promise((resolve) => {
      agent.on("idle", () => resolve("idle"));
      agent.on("resetDue", () => resolve("resetDue"));
    });
    agent.start();
    return await ended.finally(() => agent.stop());
  };
  await writeFile(pathOf("app.bin"), "firmware 1.5.0");
  const image = [pathOf("app.bin"), "--slot", "any", "--bucket", "fw-releases", "--fw-version", "1.5.0"];
  const published = await fota(["publish", ...image, "--to", "pump-new", "--json", ...reach]);
  expect(published.code).toBe(0);
  expect([await boot(), await boot()]).toEqual(["resetDue", "idle"]);
  const { jobId } = JSON.parse(published.stdout);
  expect(await fota(["status", jobId, "--wait", ...reach])).toMatchObject({ code: 0 });
  const shown = await fota(["thing", "show", "pump-new", "--json", ...reach]);
  expect(v.parse(shownThingSchema, JSON.parse(shown.stdout))).toMatchObject({
    certificates: [{ status: "ACTIVE", policies: ["fota-device"] }],
    connectivity: { connected: true },
    pendingJobs: [],
    firmware: { running: "slot 1", jobId },
  });
  const deleted = await fota(["thing", "delete", "pump-new", "--yes", ...reach]);
  expect(deleted).toMatchObject({ code: 0, stderr: "" });
  expect(deleted.stdout).toMatch(
    /thing pump-new deleted\n {2}deleted {3}certificate \w+\n {2}deleted {3}policy fota-device\n$/,
  );
  await expect.poll(() => isConnected).toBe(false);
  await thing.disconnect();
  expect(await countCertificates()).toBe(0);
});

test("a group that does not exist stops before anything changes, with the command that creates it", async () => {
  const ended = await fleet.fota(["thing", "create", "pump-new", "--out", "pump", "--group", "beta"]);
  expect(ended.stderr.replace(/\s+/g, " ")).toMatch(
    /no thing group "beta" \(GROUP_NOT_FOUND\) hint: .* `aws iot create-thing-group --thing-group-name beta` creates it $/,
  );
  expect(ended.code).toBe(1);
  await expect(access(pathOf("pump"))).rejects.toThrow("ENOENT");
});

test("a thing is shown without its connection if that may not be read", async () => {
  await create("pump-new", "--out", "pump");
  fleet.refuse("POST", "/things/pump-new/connectivity-data");
  const text = await fleet.fota(["thing", "show", "pump-new"]);
  expect(text.stderr.replace(/\s+/g, " ")).toMatch(
    /^warning: the connection is left out: .*hint: .* need iot:GetThingConnectivityData $/,
  );
  expect(text.stdout).toMatch(/^pump-new\n {2}arn /);
  const { code, stdout } = await fleet.fota(["thing", "show", "pump-new", "--json"]);
  expect(code).toBe(0);
  const shown = v.parse(shownThingSchema, JSON.parse(stdout));
  expect(shown).toMatchObject({ thingName: "pump-new", certificates: [{ status: "ACTIVE" }] });
  expect(shown.connectivity).toBeUndefined();
});

test("a second run keeps all that is there, and makes no second certificate", async () => {
  const first = await create("pump-new", "--out", "pump", "--attributes", "model=p2");
  expect(first.steps.map(({ what, state }) => `${state} ${what}`)).toEqual([
    "created key",
    "created thing",
    "created certificate",
    "created attachment",
    "created policy",
    "created ca",
    "created config",
  ]);
  const key = await readFile(pathOf("pump", "key.pem"), "utf8");
  const second = await create("pump-new", "--out", "pump", "--attributes", "model=p2");
  expect(new Set(second.steps.map(({ state }) => state))).toEqual(new Set(["kept"]));
  expect({ ...second, steps: [] }).toEqual({ ...first, steps: [] });
  expect(await readFile(pathOf("pump", "key.pem"), "utf8")).toBe(key);
  expect(await countCertificates()).toBe(1);
  for (const [name, mode] of [
    ["pump", 0o700],
    ["pump/key.pem", 0o600],
  ] as const) {
    expect((await stat(pathOf(name))).mode & 0o777).toBe(mode);
  }
});

test("group and attributes of a thing that exists are completed, and what was added to agent.json stays", async () => {
  await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName: "beta" }));
  await create("pump-1", "--out", "pump");
  const path = pathOf("pump", "agent.json");
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), hooks: "/etc/hooks" }));
  const { steps } = await create("pump-1", "--out", "pump", "--group", "beta", "--attributes", "model=p2");
  expect(steps.filter(({ state }) => state !== "kept")).toEqual([
    { what: "attributes", name: "model", state: "updated" },
    { what: "group", name: "beta", state: "created" },
    { what: "config", name: path, state: "updated" },
  ]);
  expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ hooks: "/etc/hooks", model: "p2" });
  const { attributes } = await fleet.iot.send(new DescribeThingCommand({ thingName: "pump-1" }));
  expect(attributes).toEqual({ model: "p2" });
  const { things } = await fleet.iot.send(new ListThingsInThingGroupCommand({ thingGroupName: "beta" }));
  expect(things).toEqual(["pump-1"]);
});

test("--dry-run says what it would create, and creates nothing", async () => {
  const { steps, thingArn, dryRun } = await create("pump-new", "--out", "pump", "--dry-run");
  expect(new Set(steps.map(({ state }) => state))).toEqual(new Set(["planned"]));
  expect({ thingArn, dryRun }).toEqual({ thingArn: null, dryRun: true });
  await expect(access(pathOf("pump"))).rejects.toThrow();
  await expect(fleet.iot.send(new DescribeThingCommand({ thingName: "pump-new" }))).rejects.toThrow();
  expect(await countCertificates()).toBe(0);
});

test("with --csr the key stays on the device, and a second run keeps the certificate", async () => {
  const device = pathOf("device.key");
  const { privateKey, signingRequest } = await makeKeyWithRequest();
  await writeFile(device, privateKey);
  await writeFile(pathOf("device.csr"), signingRequest);
  const made = await create("pump-new", "--out", "pump", "--csr", "device.csr");
  expect(made.files).toEqual({ cert: pathOf("pump", "cert.pem"), ca: pathOf("pump", "ca.pem") });
  await expect(access(pathOf("pump", "key.pem"))).rejects.toThrow();
  const { endpoint, files } = made;
  const thing = await connectThing({ endpoint, thingName: "pump-new", ...files, key: device });
  await thing.disconnect();
  await create("pump-new", "--out", "pump", "--csr", "device.csr");
  expect(await countCertificates()).toBe(1);
  await create("pump-other", "--out", "other");
  const wrong = await fleet.fota(["thing", "create", "pump-other", "--out", "other", "--csr", "device.csr"]);
  expect(wrong.stderr).toContain("--csr is for a key that stays on the device (IDENTITY_INVALID)");
});

test("a run that fails halfway names what exists, and the next one continues with the same key", async () => {
  fleet.refuse("PUT", "/target-policies/fota-device");
  const failed = await fleet.fota(["thing", "create", "pump-new", "--out", "pump"]);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(
    /\(ACCESS_DENIED\)\nhint: the credentials in use need iot:AttachPolicy; on AWS there is thing pump-new, certificate [0-9a-f]{64}: run the same command again to continue, or `fota thing delete pump-new --endpoint-url \S+ --local` to remove it/,
  );
  const key = await readFile(pathOf("pump", "key.pem"), "utf8");
  fleet.local.faults.clear();
  const { steps } = await create("pump-new", "--out", "pump");
  expect(steps.filter(({ state }) => state === "created").map(({ what }) => what)).toEqual([
    "policy",
    "ca",
    "config",
  ]);
  expect(await readFile(pathOf("pump", "key.pem"), "utf8")).toBe(key);
  expect(await countCertificates()).toBe(1);
});

test("a key without a certificate, as a power cut leaves it, is used", async () => {
  fleet.refuse("POST", "/certificates");
  expect((await fleet.fota(["thing", "create", "pump-new", "--out", "pump"])).code).toBe(1);
  fleet.local.faults.clear();
  const key = await readFile(pathOf("pump", "key.pem"), "utf8");
  await create("pump-new", "--out", "pump");
  expect(await readFile(pathOf("pump", "key.pem"), "utf8")).toBe(key);
});

test("a group that is missing is refused before anything is created, with near names", async () => {
  await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName: "beta" }));
  const { code, stderr } = await fleet.fota([
    "thing",
    "create",
    "pump-new",
    "--out",
    "pump",
    "--group",
    "btea",
  ]);
  expect(code).toBe(1);
  expect(stderr).toContain('did you mean "beta"?');
  await expect(access(pathOf("pump"))).rejects.toThrow();
});

test("a folder that cannot be written fails before anything is created on AWS", async () => {
  await writeFile(pathOf("pump"), "a file");
  const { code, stderr } = await fleet.fota(["thing", "create", "pump-new", "--out", "pump/inner"]);
  expect(code).toBe(1);
  expect(stderr).toContain("pump/inner");
  await expect(fleet.iot.send(new DescribeThingCommand({ thingName: "pump-new" }))).rejects.toThrow();
});

test("the certificate of another stand-in is refused with what to do", async () => {
  await create("pump-new", "--out", "pump");
  const other = await startFleet();
  const args = ["thing", "create", "pump-new", "--out", pathOf("pump")];
  const { code, stderr } = await other.fota(args).finally(() => other.stop());
  expect(code).toBe(1);
  expect(stderr).toContain("is not a certificate of this account and region (IDENTITY_INVALID)");
});

async function remove(name: string, ...args: string[]) {
  const { code, stdout, stderr } = await fleet.fota(["thing", "delete", name, "--yes", "--json", ...args]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return v.parse(thingDeletionSchema, JSON.parse(stdout));
}

test("an inactive certificate is refused with the command that activates it, a revoked one without", async () => {
  const { certificateId } = await create("pump-new", "--out", "pump");
  const again = ["thing", "create", "pump-new", "--out", "pump", "--json"];
  const command = `run \`aws iot update-certificate --certificate-id ${certificateId} --new-status ACTIVE\``;
  for (const newStatus of ["INACTIVE", "REVOKED"] as const) {
    await fleet.iot.send(
      new UpdateCertificateCommand({ certificateId: certificateId ?? undefined, newStatus }),
    );
    const { code, stderr } = await fleet.fota(again);
    expect(code).toBe(1);
    const { error } = JSON.parse(stderr);
    expect(error).toMatchObject({ code: "IDENTITY_INVALID", message: expect.stringContaining(newStatus) });
    expect(error.hint.includes(command)).toBe(newStatus === "INACTIVE");
  }
});

test("a thing with a pending job is deleted only by force", async () => {
  await create("pump-1", "--out", "pump");
  const { jobId } = await fleet.publish({ to: ["pump-1"] });
  const { code, stderr } = await fleet.fota(["thing", "delete", "pump-1", "--yes"]);
  expect(code).toBe(1);
  expect(stderr).toContain(`job ${jobId} is pending on thing pump-1 (JOB_NOT_ENDED)`);
  expect(stderr).toContain(`fota cancel ${jobId} --thing pump-1`);
  const next = await fleet.publish({ to: ["pump-1"] });
  const both = await fleet.fota(["thing", "delete", "pump-1", "--yes"]);
  const said = both.stderr.replaceAll(/\s+/g, " ");
  expect(said).toMatch(/^error: jobs \S+ and \S+ are pending on thing pump-1/);
  for (const id of [jobId, next.jobId]) expect(said).toContain(id);
  expect(said).toContain("and the same for each other job");
  await fleet.fota(["cancel", next.jobId, "--thing", "pump-1", "--yes"]);
  const shown = await fleet.fota(["thing", "show", "pump-1"]);
  expect(shown.stdout).toMatch(
    new RegExp(`^pump-1 {2}never connected\n[^]*pending jobs +${jobId} \\(QUEUED\\)`),
  );
  expect((await remove("pump-1", "--force")).pendingJobs).toEqual([jobId]);
});

test("a certificate and a policy that others use are kept, with the reason", async () => {
  const { certificateId, certificateArn } = await create("pump-1", "--out", "pump-1");
  await create("pump-2", "--out", "pump-2");
  const attachment = { thingName: "pump-3", principal: certificateArn ?? "" };
  await fleet.iot.send(new AttachThingPrincipalCommand(attachment));
  expect((await remove("pump-1")).certificates).toEqual([
    { id: certificateId, deleted: false, because: "it is also the certificate of thing pump-3" },
  ]);
  expect(await remove("pump-2")).toMatchObject({
    certificates: [{ deleted: true }],
    policies: [{ name: "fota-device", deleted: false, because: "another certificate uses it" }],
  });
  expect(await remove("pump-3")).toMatchObject({
    certificates: [{ id: certificateId, deleted: true }],
    policies: [{ name: "fota-device", deleted: true }],
  });
});

test("policies of others, and the own one after a change, are kept", async () => {
  const { certificateArn } = await create("pump-1", "--out", "pump-1");
  const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [] });
  await fleet.iot.send(new CreatePolicyCommand({ policyName: "telemetry", policyDocument }));
  const attachment = { policyName: "telemetry", target: certificateArn ?? "" };
  await fleet.iot.send(new AttachPolicyCommand(attachment));
  const version = { policyName: "fota-device", policyDocument, setAsDefault: true };
  await fleet.iot.send(new CreatePolicyVersionCommand(version));
  const { policies } = await remove("pump-1");
  expect(policies.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    { name: "fota-device", deleted: false, because: "it was changed" },
    { name: "telemetry", deleted: false, because: "fota did not create it" },
  ]);
});

test("a policy that an earlier fota created, without the shadow, counts as fota's own", async () => {
  const [, former] = devicePolicies(`arn:aws:iot:${fleet.local.region}:000000000000`);
  const policyDocument = JSON.stringify(former);
  expect(policyDocument).not.toContain("shadow");
  await fleet.iot.send(new CreatePolicyCommand({ policyName: "fota-device", policyDocument }));
  await create("pump-1", "--out", "pump-1");
  expect((await remove("pump-1")).policies).toEqual([{ name: "fota-device", deleted: true }]);
});

test("deleting asks first, and says what it will do", async () => {
  const { certificateId } = await create("pump-1", "--out", "pump-1");
  const { code, stderr } = await fleet.fota(["thing", "delete", "pump-1"], ["n"]);
  expect(code).toBe(1);
  expect(stderr).toContain(`certificate ${certificateId} is deleted, and its device cannot connect again`);
  expect(stderr).toContain("delete thing pump-1? [y/N]");
  expect(await countCertificates()).toBe(1);
});

test("a delete that broke off is completed by the next one", async () => {
  await create("pump-1", "--out", "pump-1");
  fleet.refuse("DELETE", "/things/pump-1");
  expect((await fleet.fota(["thing", "delete", "pump-1", "--yes"])).code).toBe(1);
  fleet.local.faults.clear();
  await remove("pump-1");
  const again = await fleet.fota(["thing", "delete", "pump-1", "--yes"]);
  expect(again.stderr).toContain('there is no thing "pump-1" (THING_NOT_FOUND)');
  expect(again.stderr).toContain("did you mean");
  expect(await countCertificates()).toBe(0);
});
