/** Software packages by the official SDK: versions, jobs that install them, and the shadow `$package`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as control from "@aws-sdk/client-iot";
import {
  DescribeJobExecutionCommand,
  IoTJobsDataPlaneClient,
  UpdateJobExecutionCommand,
} from "@aws-sdk/client-iot-jobs-data-plane";
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

const ARN = "arn:aws:iot:us-east-1:000000000000:";
const roleArn = "arn:aws:iam::000000000000:role/fota";

let dir: string;
let local: Local;
let iot: control.IoTClient;
let s3: S3Client;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-packages-"));
  await start();
});

afterAll(async () => {
  await stop();
  await rm(dir, { recursive: true });
});

async function start(): Promise<void> {
  local = await startLocal({ dir });
  iot = iotClientOf(local);
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  s3 = new S3Client({ endpoint: local.endpoint, region: local.region, credentials, forcePathStyle: true });
}

async function stop(): Promise<void> {
  for (const client of [iot, s3]) client.destroy();
  await local.stop();
}

async function packagesOf(thingName: string) {
  const authorization = "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/iotdata/aws4_request";
  const path = `/things/${thingName}/shadow?name=$package`;
  return (await fetch(`${local.endpoint}${path}`, { headers: { authorization } })).json();
}

const id = { packageName: "firmware", versionName: "1.0.0" };
const getVersion = () => iot.send(new control.GetPackageVersionCommand(id));

/** Uploads an object to a bucket with versions; resolves to the artifact. */
async function upload(bucket: string, body: string) {
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  const key = "dir/a b.bin";
  const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  return { s3Location: { bucket, key, version: VersionId } };
}

test("a package and its version are created, read, published, made the default, listed, tagged and deleted", async () => {
  const created = await iot.send(
    new control.CreatePackageCommand({ packageName: "firmware", description: "d", tags: { team: "a" } }),
  );
  expect(created).toMatchObject({
    packageName: "firmware",
    packageArn: `${ARN}package/firmware`,
    description: "d",
  });
  const artifact = await upload("artifacts", "image");
  const content = { description: "first", attributes: { model: "x1" }, artifact, recipe: "{}" };
  const version = await iot.send(
    new control.CreatePackageVersionCommand({ ...id, ...content, tags: { a: "b" } }),
  );
  const packageVersionArn = `${ARN}package/firmware/version/1.0.0`;
  expect(version).toMatchObject({ ...id, packageVersionArn, status: "DRAFT", attributes: { model: "x1" } });
  await iot.send(new control.UpdatePackageVersionCommand({ ...id, action: "PUBLISH" }));
  expect(await getVersion()).toMatchObject({
    ...id,
    ...content,
    packageVersionArn,
    status: "PUBLISHED",
    creationDate: expect.any(Date),
    lastModifiedDate: expect.any(Date),
  });
  await iot.send(new control.UpdatePackageCommand({ packageName: "firmware", defaultVersionName: "1.0.0" }));
  expect(await iot.send(new control.GetPackageCommand({ packageName: "firmware" }))).toMatchObject({
    packageArn: `${ARN}package/firmware`,
    defaultVersionName: "1.0.0",
    creationDate: expect.any(Date),
  });

  await iot.send(new control.CreatePackageVersionCommand({ ...id, versionName: "1.1.0" }));
  const names = async (input: Partial<control.ListPackageVersionsCommandInput>) =>
    (
      await iot.send(new control.ListPackageVersionsCommand({ packageName: "firmware", ...input }))
    ).packageVersionSummaries?.map(({ versionName, status }) => `${versionName} ${status}`);
  expect(await names({})).toEqual(["1.0.0 PUBLISHED", "1.1.0 DRAFT"]);
  expect(await names({ status: "DRAFT" })).toEqual(["1.1.0 DRAFT"]);
  expect(await names({ maxResults: 1 })).toEqual(["1.0.0 PUBLISHED"]);
  const { packageSummaries } = await iot.send(new control.ListPackagesCommand({}));
  expect(packageSummaries).toMatchObject([{ packageName: "firmware", defaultVersionName: "1.0.0" }]);

  const tagsOf = async (resourceArn: string) =>
    (await iot.send(new control.ListTagsForResourceCommand({ resourceArn }))).tags;
  expect(await tagsOf(`${ARN}package/firmware`)).toEqual([{ Key: "team", Value: "a" }]);
  const tags = [{ Key: "c", Value: "d" }];
  await iot.send(new control.TagResourceCommand({ resourceArn: packageVersionArn, tags }));
  expect(await tagsOf(packageVersionArn)).toEqual([{ Key: "a", Value: "b" }, ...tags]);

  await iot.send(new control.DeletePackageVersionCommand({ ...id, versionName: "1.1.0" }));
  expect(await names({})).toEqual(["1.0.0 PUBLISHED"]);
});

test("errors have the names that the SDK knows for packages", async () => {
  const refused = (answer: Promise<unknown>, name: string, message: RegExp) =>
    expect(answer).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
  await refused(
    iot.send(new control.CreatePackageCommand({ packageName: "a b" })),
    "ValidationException",
    /pattern/,
  );
  await refused(iot.send(new control.CreatePackageVersionCommand(id)), "ConflictException", /already exists/);
  await refused(
    iot.send(new control.GetPackageVersionCommand({ ...id, versionName: "9" })),
    "ResourceNotFoundException",
    /Version 9/,
  );
  await refused(iot.send(new control.ListPackagesCommand({ maxResults: 101 })), "ValidationException", /100/);
  await refused(
    iot.send(
      new control.CreatePackageVersionCommand({
        ...id,
        versionName: "2",
        artifact: { s3Location: { bucket: "artifacts", key: "none" } },
      }),
    ),
    "ValidationException",
    /s3:\/\/artifacts\/none cannot be read: NoSuchKey/,
  );
  const sbom = { s3Location: { bucket: "b", key: "k", version: "v" } };
  await refused(
    iot.send(new control.AssociateSbomWithPackageVersionCommand({ ...id, sbom })),
    "ValidationException",
    /does not support software bills of materials/,
  );
});

test("a job installs a version: the document gets its attributes and artifact, and the shadow its name", async () => {
  const { thingArn } = await iot.send(new control.CreateThingCommand({ thingName: "t1" }));
  const document = JSON.stringify({
    model: "${aws:iot:package::version::attributes:model}",
    all: "${aws:iot:package::version::attributes}",
    url: "${aws:iot:package::version::artifact:s3-presigned-url}",
  });
  const given = [`${ARN}package/firmware/version/$default`];
  await iot.send(
    new control.CreateJobCommand({
      jobId: "j1",
      targets: [`${thingArn}`],
      document,
      destinationPackageVersions: given,
      presignedUrlConfig: { roleArn },
    }),
  );
  const describe = async (beforeSubstitution?: boolean) =>
    (await iot.send(new control.DescribeJobCommand({ jobId: "j1", beforeSubstitution }))).job
      ?.destinationPackageVersions;
  expect(await describe()).toEqual([`${ARN}package/firmware/version/1.0.0`]);
  expect(await describe(true)).toEqual(given);
  const documentOf = async (beforeSubstitution?: boolean) =>
    JSON.parse(
      `${(await iot.send(new control.GetJobDocumentCommand({ jobId: "j1", beforeSubstitution }))).document}`,
    );
  expect(await documentOf()).toMatchObject({ model: "x1", all: { model: "x1" } });
  expect(await documentOf(true)).toEqual(JSON.parse(document));

  await iot.send(
    new control.UpdatePackageConfigurationCommand({
      versionUpdateByJobsConfig: { enabled: true, roleArn },
    }),
  );
  await stop(); // the packages, the configuration and the job survive a restart
  await start();
  expect(await iot.send(new control.GetPackageConfigurationCommand({}))).toMatchObject({
    versionUpdateByJobsConfig: { enabled: true, roleArn },
  });
  const credentials = { accessKeyId: "any", secretAccessKey: "any" };
  const { endpoint, region } = local;
  const jobsData = new IoTJobsDataPlaneClient({ endpoint, region, credentials });
  const query = "shadow.name.$package.reported.firmware.version:1.0.0";
  const group = { thingGroupName: "updated" };
  await iot.send(new control.CreateDynamicThingGroupCommand({ ...group, queryString: query }));
  try {
    const which = { thingName: "t1", jobId: "j1" };
    const { execution } = await jobsData.send(new DescribeJobExecutionCommand(which));
    const { url } = JSON.parse(`${execution?.jobDocument}`);
    expect(await (await fetch(url)).text()).toBe("image");
    await jobsData.send(new UpdateJobExecutionCommand({ ...which, status: "SUCCEEDED" }));
    expect(await packagesOf("t1")).toMatchObject({
      state: { reported: { firmware: { version: "1.0.0" } } },
      version: 1,
    });
    const { things } = await iot.send(new control.SearchIndexCommand({ queryString: query }));
    expect(things?.map(({ thingName }) => thingName)).toEqual(["t1"]);
    const members = new control.ListThingsInThingGroupCommand(group);
    expect((await iot.send(members)).things).toEqual(["t1"]);
  } finally {
    jobsData.destroy();
  }
});

test("a job template keeps its versions", async () => {
  const destinationPackageVersions = [`${ARN}package/firmware/version/2.0.0`];
  await iot.send(
    new control.CreateJobTemplateCommand({
      jobTemplateId: "plan",
      description: "d",
      document: "{}",
      destinationPackageVersions,
    }),
  );
  const described = await iot.send(new control.DescribeJobTemplateCommand({ jobTemplateId: "plan" }));
  expect(described.destinationPackageVersions).toEqual(destinationPackageVersions);
  const jobTemplateArn = `${ARN}jobtemplate/plan`;
  await expect(
    iot.send(new control.CreateJobCommand({ jobId: "j9", targets: [`${ARN}thing/t1`], jobTemplateArn })),
  ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});
