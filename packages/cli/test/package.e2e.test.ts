/** `fota publish --package`: AWS IoT records in the shadow `$package` which version each thing runs. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as control from "@aws-sdk/client-iot";
import { ListObjectsV2Command, PutBucketVersioningCommand } from "@aws-sdk/client-s3";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { diagnosisSchema } from "../src/doctor/result.js";
import { publishOutputSchema } from "../src/publish/result.js";
import { shownJobSchema } from "../src/show/result.js";
import { startFota } from "./cli.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";
import { stubEnvironment } from "./stub-environment.js";

const ROLE = "arn:aws:iam::000000000000:role/fota-shadows";
const arnOf = (name: string, version: string) =>
  `arn:aws:iot:us-east-1:000000000000:package/${name}/version/${version}`;
let fleet: Fleet;
/** A package of its own for each test. */
let name: string;
let tests = 0;

beforeAll(async () => {
  stubEnvironment();
  fleet = await startFleet();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await fleet.stop();
});
beforeEach(async () => {
  tests += 1;
  name = `fw-${tests}`;
  await newImage();
});
afterEach(() => fleet.local.faults.clear());

const newImage = (file = "app.bin") => writeFile(join(fleet.folder, file), randomBytes(2_000));
const words = (version: string, ...more: string[]) => {
  const args = ["publish", "app.bin", "--slot", "1", "--bucket", BUCKET, "--to", "pump-0"];
  return [...args, "--package", name, "--fw-version", version, ...more];
};

async function publish(version: string, ...more: string[]) {
  const { code, stdout, stderr } = await fleet.fota(words(version, ...more, "--json"));
  expect(code, stderr).toBe(0);
  return v.parse(publishOutputSchema, JSON.parse(stdout));
}

/** What the command says when it fails with this code. */
async function refusal(args: readonly string[], code: string): Promise<string> {
  const ended = await fleet.fota(args);
  expect(ended.code).not.toBe(0);
  expect(ended.stderr).toContain(`(${code})`);
  return ended.stderr;
}

const version = (versionName: string) =>
  fleet.iot.send(new control.GetPackageVersionCommand({ packageName: name, versionName }));
const packageNames = async () =>
  ((await fleet.iot.send(new control.ListPackagesCommand({}))).packageSummaries ?? []).map(
    ({ packageName }) => packageName,
  );
const installs = async (jobId: string) =>
  (await fleet.iot.send(new control.DescribeJobCommand({ jobId }))).job?.destinationPackageVersions;

async function made() {
  const { Contents = [] } = await fleet.s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  const { jobs = [] } = await fleet.iot.send(new control.ListJobsCommand({}));
  return { objects: Contents.length, jobs: jobs.length, packages: await packageNames() };
}

async function reportedPackages(thing: string) {
  const authorization = "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/iotdata/aws4_request";
  const url = `${fleet.local.endpoint}/things/${thing}/shadow?name=$package`;
  return (await (await fetch(url, { headers: { authorization } })).json()).state?.reported;
}

test("a device that runs the new version has it in its shadow", async () => {
  await fleet.iot.send(
    new control.UpdatePackageConfigurationCommand({
      versionUpdateByJobsConfig: { enabled: true, roleArn: ROLE },
    }),
  );
  const { jobId, packageVersions, images } = await publish("1.4.0", "--model", "x1");
  expect(packageVersions).toEqual([arnOf(name, "1.4.0")]);
  const attributes = { sha256: images[0]?.sha256, model: "x1" };
  expect(await version("1.4.0")).toMatchObject({ status: "PUBLISHED", attributes });
  const dir = join(fleet.folder, "pump-0");
  const device = startFota(
    ["device", "--local", "--thing", "pump-0", "--dir", dir, "--model", "x1", "--json"],
    { AWS_ENDPOINT_URL: fleet.local.endpoint },
  );
  try {
    await expect.poll(() => reportedPackages("pump-0")).toEqual({ [name]: { version: "1.4.0" } });
  } finally {
    device.child.kill("SIGTERM");
    await device.ended;
  }
  expect(await installs(jobId)).toEqual([arnOf(name, "1.4.0")]);
});

test("the plan says what is new, and changes nothing", async () => {
  const before = await made();
  const { code, stdout } = await fleet.fota(words("1.0.0", "--dry-run"));
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`package +${name} 1\\.0\\.0 \\(both are new\\)`));
  const { plan, packageVersions } = await publish("1.0.0", "--dry-run");
  expect(packageVersions).toEqual([arnOf(name, "1.0.0")]);
  expect(plan?.request).toMatchObject({ destinationPackageVersions: [arnOf(name, "1.0.0")] });
  expect(await made()).toEqual(before);
  await publish("1.0.0");
  await newImage();
  expect((await fleet.fota(words("1.1.0", "--dry-run"))).stdout).toMatch(/\(the version is new\)/);
});

test("the same publish again is the same job; without the package it is another one", async () => {
  const { jobId } = await publish("1.0.0");
  expect((await publish("1.0.0")).jobId).toBe(jobId);
  const withoutPackage = words("1.0.0").filter((word) => word !== "--package" && word !== name);
  const other = JSON.parse((await fleet.fota([...withoutPackage, "--json"])).stdout);
  expect(other.jobId).not.toBe(jobId);
  expect(other).not.toHaveProperty("packageVersions");
  expect(await refusal([...withoutPackage, "--job-id", jobId], "JOB_EXISTS")).toContain("is another one");
});

test("the same version for another image or model is refused before anything changes", async () => {
  await publish("1.0.0", "--model", "x1");
  const before = await made();
  expect(await refusal(words("1.0.0", "--model", "x2"), "PACKAGE_DIFFERS")).toContain("for model x1");
  await newImage();
  const said = await refusal(words("1.0.0", "--model", "x1"), "PACKAGE_DIFFERS");
  expect(said).toContain(`version 1.0.0 of package ${name} exists already, for another image`);
  expect(said).toContain("hint: give this firmware a version of its own: --fw-version");
  expect(await made()).toEqual(before);
});

test("an image for each slot has a digest for each", async () => {
  await newImage("b.bin");
  const args = ["publish", "0=app.bin", "1=b.bin", "--bucket", BUCKET, "--to", "pump-0"];
  const more = ["--package", name, "--fw-version", "1.0.0", "--json"];
  const { images } = v.parse(publishOutputSchema, JSON.parse((await fleet.fota([...args, ...more])).stdout));
  const digests = Object.fromEntries(images.map(({ slot, sha256 }) => [`sha256-slot-${slot}`, sha256]));
  const found = await version("1.0.0");
  expect(found.attributes).toEqual(digests);
  expect(found.artifact).toBeUndefined();
});

test("a version that people made is used: a draft is published, one without a digest causes a warning", async () => {
  const id = { packageName: name, versionName: "1.0.0" };
  await fleet.iot.send(new control.CreatePackageCommand({ packageName: name }));
  await fleet.iot.send(new control.CreatePackageVersionCommand({ ...id, attributes: { team: "a" } }));
  const { images } = await publish("1.0.0");
  expect(await version("1.0.0")).toMatchObject({
    status: "PUBLISHED",
    attributes: { team: "a", sha256: images[0]?.sha256 },
  });

  const other = { ...id, versionName: "2.0.0" };
  await fleet.iot.send(new control.CreatePackageVersionCommand({ ...other, attributes: { team: "a" } }));
  await fleet.iot.send(new control.UpdatePackageVersionCommand({ ...other, action: "PUBLISH" }));
  await fleet.iot.send(new control.UpdatePackageVersionCommand({ ...other, action: "DEPRECATE" }));
  const { code, stderr } = await fleet.fota(words("2.0.0"));
  expect(code).toBe(0);
  expect(stderr).toContain(`version 2.0.0 of package ${name} is DEPRECATED`);
  expect(stderr).toContain("has no digest of its image");
});

test("a bucket that keeps versions gives the version its artifact", async () => {
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await fleet.s3.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }));
  const { images } = await publish("1.0.0");
  expect((await version("1.0.0")).artifact?.s3Location).toEqual({
    bucket: BUCKET,
    key: images[0]?.key,
    version: expect.any(String),
  });
});

test("commands at the same time make one package, one version and one job", async () => {
  const all = await Promise.all(Array.from({ length: 4 }, () => publish("1.0.0")));
  expect(new Set(all.map(({ jobId }) => jobId)).size).toBe(1);
  expect(await version("1.0.0")).toMatchObject({ status: "PUBLISHED" });
});

test("usage errors come before any request", async () => {
  const [noVersion] = [words("1.0.0").filter((word) => word !== "--fw-version" && word !== "1.0.0")];
  expect(await refusal(noVersion, "USAGE")).toMatch(
    /package fw-\d+ needs the version.*hint: give --fw-version/s,
  );
  expect(await refusal(words("1.0.0+b7"), "USAGE")).toContain("cannot be the name of a package version");
  name = "a b";
  expect(await refusal(words("1.0.0"), "USAGE")).toContain(
    '--package must be the name of a package, got "a b"',
  );
});

test.each([
  ["GET", (path: string) => `${path}/versions/1.0.0`, "iot:GetPackageVersion"],
  ["GET", (path: string) => path, "iot:GetPackage"],
  ["PUT", (path: string) => path, "iot:CreatePackage"],
  ["PUT", (path: string) => `${path}/versions/1.0.0`, "iot:CreatePackageVersion"],
])("a missing permission for %s %s leaves nothing", async (method, pathOf, action) => {
  const before = await made();
  fleet.refuse(method, pathOf(`/packages/${name}`));
  const said = await refusal(words("1.0.0"), "ACCESS_DENIED");
  expect(said).toContain(action);
  expect(await made()).toEqual(before);
});

test("a missing permission to publish the version removes it again; the image stays for the next run", async () => {
  const before = await made();
  fleet.refuse("PATCH", `/packages/${name}/versions/1.0.0`);
  const said = await refusal(words("1.0.0"), "ACCESS_DENIED");
  expect(said).toContain("iot:UpdatePackageVersion");
  expect(said).toContain("run the same command again to continue");
  expect(await made()).toEqual({ ...before, objects: before.objects + 1 });
  fleet.local.faults.clear();
  await publish("1.0.0");
});

test("what may not be removed is named, and the next run continues with it", async () => {
  fleet.refuse("PUT", `/packages/${name}/versions/1.0.0`);
  fleet.refuse("DELETE", `/packages/${name}`);
  expect(await refusal(words("1.0.0"), "ACCESS_DENIED")).toContain(
    `package ${name} stay: run the same command again to continue`,
  );
  fleet.local.faults.clear();
  await publish("1.0.0");
  expect(await version("1.0.0")).toMatchObject({ status: "PUBLISHED" });
});

test("retry and promote install the same version, show prints it, and delete leaves it", async () => {
  const { jobId } = await publish("1.0.0");
  await fleet.report("pump-0", jobId, "FAILED");
  const again = async (...args: string[]) => {
    const { code, stdout, stderr } = await fleet.fota([...args, "--json"]);
    expect(code, stderr).toBe(0);
    return v.parse(publishOutputSchema, JSON.parse(stdout));
  };
  const retried = await again("retry", jobId);
  const promoted = await again("promote", jobId, "--to", "pump-1", "--force");
  for (const each of [retried, promoted]) {
    expect(each.packageVersions).toEqual([arnOf(name, "1.0.0")]);
    expect(await installs(each.jobId)).toEqual([arnOf(name, "1.0.0")]);
  }
  expect((await fleet.fota(["show", jobId])).stdout).toMatch(new RegExp(`package +${name} 1\\.0\\.0\n`));
  const shown = v.parse(shownJobSchema, JSON.parse((await fleet.fota(["show", jobId, "--json"])).stdout));
  expect(shown.packageVersions).toEqual([arnOf(name, "1.0.0")]);

  for (const each of [jobId, retried.jobId, promoted.jobId])
    expect((await fleet.fota(["delete", each, "--force", "--yes"])).code).toBe(0);
  expect(await version("1.0.0")).toMatchObject({ status: "PUBLISHED" });
});

test("a job whose version was deleted cannot be retried, and fota says how to make it again", async () => {
  const { jobId } = await publish("1.0.0");
  await fleet.report("pump-0", jobId, "FAILED");
  await fleet.iot.send(new control.DeletePackageVersionCommand({ packageName: name, versionName: "1.0.0" }));
  const before = await made();
  expect(await refusal(["retry", jobId], "PACKAGE_NOT_FOUND")).toContain(
    `publish the image again with --package ${name}: fota creates the version`,
  );
  expect(await made()).toEqual(before);
});

test("the package can be a setting", async () => {
  await writeFile(join(fleet.folder, "fota.config.json"), JSON.stringify({ package: name }));
  const args = words("1.0.0", "--config", "fota.config.json", "--json").filter(
    (word) => word !== "--package" && word !== name,
  );
  const { packageVersions } = JSON.parse((await fleet.fota(args)).stdout);
  expect(packageVersions).toEqual([arnOf(name, "1.0.0")]);
});

test("while AWS IoT does not record versions, publish warns, and doctor says how to turn that on", async () => {
  const doctor = async () => {
    const { stdout } = await fleet.fota(["doctor", "--package", name, "--json"]);
    const { checks } = v.parse(diagnosisSchema, JSON.parse(stdout));
    return checks.find(({ check }) => check === "package");
  };
  const configure = (enabled: boolean) =>
    fleet.iot.send(
      new control.UpdatePackageConfigurationCommand({
        versionUpdateByJobsConfig: { enabled, roleArn: ROLE },
      }),
    );
  await configure(false);
  const { stderr } = await fleet.fota(words("1.0.0"));
  expect(stderr).toContain(
    `AWS IoT does not record package versions; \`fota doctor --package ${name}\` says`,
  );
  expect(await doctor()).toMatchObject({
    status: "warn",
    message: expect.stringContaining("versionUpdateByJobsConfig is off"),
    hint: expect.stringContaining("aws iot update-package-configuration"),
  });
  await configure(true);
  expect((await fleet.fota(words("1.0.1"))).stderr).not.toContain("does not record");
  expect(await doctor()).toMatchObject({ status: "ok", message: expect.stringContaining(`${name} exists`) });
  fleet.refuse("GET", "/package-configuration");
  expect(await doctor()).toMatchObject({ status: "skipped" });
  expect((await fleet.fota(words("1.0.2"))).code).toBe(0);
});
