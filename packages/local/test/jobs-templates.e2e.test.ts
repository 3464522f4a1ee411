/** Job templates, custom and managed, by the official SDK. */
import * as control from "@aws-sdk/client-iot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";

const config = {
  presignedUrlConfig: { roleArn: "arn:aws:iam::000000000000:role/fota", expiresInSec: 600 },
  jobExecutionsRolloutConfig: { maximumPerMinute: 50 },
  abortConfig: {
    criteriaList: [
      { failureType: "ALL", action: "CANCEL", thresholdPercentage: 20.5, minNumberOfExecutedThings: 5 },
    ],
  },
  timeoutConfig: { inProgressTimeoutInMinutes: 30 },
  jobExecutionsRetryConfig: { criteriaList: [{ failureType: "TIMED_OUT", numberOfRetries: 2 }] },
} satisfies Partial<control.CreateJobTemplateCommandInput>;
const windows = [{ startTime: "cron(0 2 ? * SUN *)", durationInMinutes: 90 }];

let local: Local;
let iot: control.IoTClient;
let targets: string[];

beforeAll(async () => {
  local = await startLocal();
  iot = new control.IoTClient({
    endpoint: local.endpoint,
    region: local.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  });
  const { thingArn = "" } = await iot.send(new control.CreateThingCommand({ thingName: "t1" }));
  targets = [thingArn];
});

afterAll(async () => {
  iot.destroy();
  await local.stop();
});

const createTemplate = (jobTemplateId: string, more: Partial<control.CreateJobTemplateCommandInput>) =>
  iot.send(new control.CreateJobTemplateCommand({ jobTemplateId, description: "weekly", ...more }));
const describeTemplate = (jobTemplateId: string) =>
  iot.send(new control.DescribeJobTemplateCommand({ jobTemplateId }));
const createJob = (jobId: string, more: Partial<control.CreateJobCommandInput>) =>
  iot.send(new control.CreateJobCommand({ jobId, targets, ...more }));
const describeJob = async (jobId: string) =>
  (await iot.send(new control.DescribeJobCommand({ jobId }))).job ?? {};
const documentOf = async (jobId: string) =>
  (await iot.send(new control.GetJobDocumentCommand({ jobId }))).document;

test("a template is created, described, listed, tagged and deleted", async () => {
  const tags = [{ Key: "team", Value: "a" }];
  const created = await createTemplate("weekly", {
    document: '{"a":1}',
    maintenanceWindows: windows,
    tags,
    ...config,
  });
  const jobTemplateArn = "arn:aws:iot:us-east-1:000000000000:jobtemplate/weekly";
  expect(created).toMatchObject({ jobTemplateArn, jobTemplateId: "weekly" });
  const summary = {
    jobTemplateArn,
    jobTemplateId: "weekly",
    description: "weekly",
    createdAt: expect.any(Date),
  };
  expect(await describeTemplate("weekly")).toMatchObject({
    ...summary,
    document: '{"a":1}',
    maintenanceWindows: windows,
    ...config,
  });
  const { jobTemplates } = await iot.send(new control.ListJobTemplatesCommand({}));
  expect(jobTemplates).toEqual([summary]);
  const listTags = new control.ListTagsForResourceCommand({ resourceArn: jobTemplateArn });
  expect((await iot.send(listTags)).tags).toEqual(tags);
  await expect(createTemplate("weekly", { document: "{}" })).rejects.toMatchObject({
    name: "ConflictException",
    resourceId: "weekly",
  });
  await iot.send(new control.DeleteJobTemplateCommand({ jobTemplateId: "weekly" }));
  await expect(describeTemplate("weekly")).rejects.toThrow(control.ResourceNotFoundException);
});

test("a job uses its template for what its request leaves out", async () => {
  const { jobTemplateArn } = await createTemplate("base", {
    document: '{"a":1}',
    maintenanceWindows: windows,
    ...config,
  });
  await createJob("plain", { jobTemplateArn, targetSelection: "CONTINUOUS" });
  expect(await describeJob("plain")).toMatchObject({
    jobTemplateArn,
    description: "weekly",
    schedulingConfig: { maintenanceWindows: windows },
    ...config,
  });
  expect(await documentOf("plain")).toBe('{"a":1}');

  const own = {
    jobExecutionsRolloutConfig: { maximumPerMinute: 7 },
    timeoutConfig: { inProgressTimeoutInMinutes: 1 },
  };
  await createJob("own", {
    jobTemplateArn,
    targetSelection: "CONTINUOUS",
    description: "mine",
    document: '{"a":2}',
    ...own,
  });
  expect(await describeJob("own")).toMatchObject({ ...config, ...own, description: "mine" });
  expect(await documentOf("own")).toBe('{"a":2}');
  await expect(createJob("none", { jobTemplateArn: `${jobTemplateArn}x` })).rejects.toThrow(
    control.ResourceNotFoundException,
  );
});

test("a template can be created from a job", async () => {
  await createJob("model", { document: '{"b":1}', ...config });
  const jobArn = "arn:aws:iot:us-east-1:000000000000:job/model";
  await createTemplate("of-job", { jobArn, timeoutConfig: { inProgressTimeoutInMinutes: 2 } });
  expect(await describeTemplate("of-job")).toMatchObject({
    ...config,
    document: '{"b":1}',
    timeoutConfig: { inProgressTimeoutInMinutes: 2 },
  });
  await expect(createTemplate("x", { jobArn: `${jobArn}0` })).rejects.toThrow(
    control.ResourceNotFoundException,
  );
  await expect(createTemplate("x", { jobArn, document: "{}" })).rejects.toThrow("only one of them");
  await expect(createTemplate("x", {})).rejects.toThrow(control.InvalidRequestException);
});

test("templates that AWS manages have parameters", async () => {
  const { managedJobTemplates = [] } = await iot.send(new control.ListManagedJobTemplatesCommand({}));
  expect(managedJobTemplates.map(({ templateName }) => templateName)).toContain("AWS-Reboot");
  const templateName = "AWS-Download-File";
  const template = await iot.send(new control.DescribeManagedJobTemplateCommand({ templateName }));
  expect(template).toMatchObject({
    templateArn: "arn:aws:iot:us-east-1::jobtemplate/AWS-Download-File:1.0",
    templateVersion: "1.0",
    environments: ["LINUX"],
  });
  expect(template.documentParameters?.map(({ key, optional }) => `${key} ${optional}`)).toEqual([
    "downloadUrl false",
    "filePath false",
    "runAsUser true",
    "pathToHandler true",
  ]);
  const jobTemplateArn = template.templateArn;
  const documentParameters = {
    downloadUrl: 'https://example.com/a?q="1"',
    filePath: "/tmp/a",
    runAsUser: "fota",
  };
  expect(await createJob("managed", { jobTemplateArn, documentParameters })).toMatchObject({
    description: "A managed job template for downloading a file.",
  });
  expect(await describeJob("managed")).toMatchObject({ jobTemplateArn, documentParameters });
  expect(JSON.parse((await documentOf("managed")) ?? "")).toEqual({
    version: "1.0",
    steps: [
      {
        action: {
          name: "Download-File",
          type: "runHandler",
          input: {
            handler: "download-file.sh",
            args: ['https://example.com/a?q="1"', "/tmp/a"],
            path: "",
          },
          runAsUser: "fota",
        },
      },
    ],
  });
});

test.each([
  ["downloadUrl of AWS-Download-File is missing", { filePath: "/a" }],
  ["no document parameter speed", { downloadUrl: "u", filePath: "/a", speed: "1" }],
  [
    "runAsUser of AWS-Download-File must match",
    { downloadUrl: "u", filePath: "/a", runAsUser: "x".repeat(257) },
  ],
])("%s", async (message, documentParameters) => {
  const jobTemplateArn = "arn:aws:iot:us-east-1::jobtemplate/AWS-Download-File:1.0";
  await expect(createJob("refused", { jobTemplateArn, documentParameters })).rejects.toThrow(message);
});

test("document parameters are refused except for managed templates", async () => {
  const documentParameters = { a: "1" };
  await expect(createJob("refused", { document: "{}", documentParameters })).rejects.toThrow(
    "managed by AWS",
  );
});
