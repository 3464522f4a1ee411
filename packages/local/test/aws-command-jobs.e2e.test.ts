/** The real `aws` command (Debian: `awscli`) against `iot`, `iot-data` and `iot-jobs-data`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { type AwsCommandAtHome, hasAwsCommand, startAwsCommandAtHome } from "./support/aws-command.js";

describe.skipIf(!hasAwsCommand)("the aws command", () => {
  let local: Local;
  let command: AwsCommandAtHome;

  beforeAll(async () => {
    [local, command] = await Promise.all([startLocal(), startAwsCommandAtHome()]);
  });

  afterAll(async () => {
    await command.stop();
    await local.stop();
  });

  /** Resolves to the JSON that the command prints; `undefined` if it prints nothing. */
  const aws = async (...words: string[]) => {
    const stdout = await command.run("--endpoint-url", local.endpoint, "--output", "json", ...words);
    return stdout === "" ? undefined : JSON.parse(stdout);
  };

  test("finds the devices below a version, and fills a group with those that are too warm", async () => {
    const make = (name: string, ...attributes: string[]) =>
      aws("iot", "create-thing", "--thing-name", name, "--attribute-payload", ...attributes);
    await make("old", "attributes={version=1.09.0,temperature=21}");
    await make("new", "attributes={version=1.10.0,temperature=70.5}");
    const search = async (query: string) => {
      const { things } = await aws("iot", "search-index", "--query-string", query);
      return things.map(({ thingName }: { thingName: string }) => thingName);
    };
    expect(await search("attributes.version<1.10.0")).toEqual(["old"]);
    expect(await search("attributes.temperature:[21 TO 70]")).toEqual(["old"]);
    expect(await search("new")).toEqual(["new"]);
    const group = ["--thing-group-name", "RoomTooWarm"];
    const warm = ["--query-string", "attributes.temperature>60"];
    expect(await aws("iot", "create-dynamic-thing-group", ...group, ...warm)).toEqual({
      thingGroupName: "RoomTooWarm",
      thingGroupArn: "arn:aws:iot:us-east-1:000000000000:thinggroup/RoomTooWarm",
      thingGroupId: expect.any(String),
      indexName: "AWS_Things",
      queryString: "attributes.temperature>60",
      queryVersion: "2017-09-30",
    });
    const members = async () => (await aws("iot", "list-things-in-thing-group", ...group)).things;
    expect(await members()).toEqual(["new"]);
    const payload = "attributes={temperature=61},merge=true";
    await aws("iot", "update-thing", "--thing-name", "old", "--attribute-payload", payload);
    expect(await members()).toEqual(["old", "new"]);
    await expect(search("attributes.temperature>")).rejects.toThrow(/InvalidQueryException/);
  });

  test("updates, lists and deletes shadows", async () => {
    const path = join(command.home, "answer.json");
    const shadow = async (operation: string, ...words: string[]) => {
      await aws("iot-data", operation, "--thing-name", "s1", ...words, path);
      return JSON.parse(await readFile(path, "utf8"));
    };
    const update = (state: string, ...words: string[]) => {
      const payload = ["--payload", `{"state":${state}}`];
      return shadow("update-thing-shadow", ...payload, ...words);
    };
    const named = ["--shadow-name", "fota"];
    await update('{"desired":{"version":"2.0"}}', ...named);
    expect(await update('{"reported":{"version":"1.0"}}', ...named)).toMatchObject({ version: 2 });
    expect(await update('{"reported":{"on":true}}')).toMatchObject({ version: 1 });
    expect(await shadow("get-thing-shadow", ...named)).toMatchObject({
      state: { desired: { version: "2.0" }, reported: { version: "1.0" }, delta: { version: "2.0" } },
      version: 2,
    });
    const list = async () =>
      (await aws("iot-data", "list-named-shadows-for-thing", "--thing-name", "s1")).results;
    expect(await list()).toEqual(["fota"]);
    expect(await shadow("delete-thing-shadow", ...named)).toMatchObject({ version: 2 });
    expect(await list()).toEqual([]);
    await expect(shadow("get-thing-shadow", ...named)).rejects.toThrow(
      /ResourceNotFoundException.*No shadow exists with name: 's1~fota'/,
    );
  });

  test("walks one job from QUEUED to SUCCEEDED, reads it back, and cancels and deletes another", async () => {
    const document = '{"operation":"fota","bc_idx":1}';
    const { thingArn } = await aws("iot", "create-thing", "--thing-name", "a:b");
    const created = await aws(
      "iot",
      "create-job",
      "--job-id",
      "j1",
      "--targets",
      thingArn,
      "--document",
      document,
    );
    expect(created).toEqual({ jobArn: "arn:aws:iot:us-east-1:000000000000:job/j1", jobId: "j1" });

    const inJobs = ["iot-jobs-data", "--thing-name", "a:b"] as const;
    const dataPlane = (operation: string, ...words: string[]) =>
      aws(inJobs[0], operation, ...inJobs.slice(1), ...words);
    expect(await dataPlane("describe-job-execution", "--job-id", "$next")).toMatchObject({
      execution: { jobId: "j1", status: "QUEUED", jobDocument: document },
    });
    expect(await dataPlane("start-next-pending-job-execution")).toMatchObject({
      execution: { jobId: "j1", status: "IN_PROGRESS", versionNumber: 2 },
    });
    const report = ["--job-id", "j1", "--status", "SUCCEEDED", "--status-details", "phase=done"];
    expect(await dataPlane("update-job-execution", ...report, "--include-job-execution-state")).toMatchObject(
      {
        executionState: { status: "SUCCEEDED", versionNumber: 3 },
      },
    );

    const [job, text, executions, execution] = await Promise.all([
      aws("iot", "describe-job", "--job-id", "j1"),
      aws("iot", "get-job-document", "--job-id", "j1"),
      aws("iot", "list-job-executions-for-job", "--job-id", "j1"),
      aws("iot", "describe-job-execution", "--job-id", "j1", "--thing-name", "a:b"),
    ]);
    expect(job.job).toMatchObject({ status: "COMPLETED", jobProcessDetails: { numberOfSucceededThings: 1 } });
    expect(text).toEqual({ document });
    expect(executions.executionSummaries).toMatchObject([
      { thingArn, jobExecutionSummary: { status: "SUCCEEDED" } },
    ]);
    expect(execution.execution).toMatchObject({ statusDetails: { detailsMap: { phase: "done" } } });

    await aws("iot", "create-job", "--job-id", "j2", "--targets", thingArn, "--document", "{}");
    await aws("iot", "cancel-job", "--job-id", "j2", "--reason-code", "STOP");
    const { jobs } = await aws("iot", "list-jobs");
    expect(jobs).toMatchObject([
      { jobId: "j2", status: "CANCELED" },
      { jobId: "j1", status: "COMPLETED" },
    ]);
    await aws("iot", "delete-job", "--job-id", "j2");
    await expect(aws("iot", "describe-job", "--job-id", "j2")).rejects.toThrow(/ResourceNotFoundException/);
  });

  test("publishes a version of a package, installs it by a job, and finds it in the shadow", async () => {
    const version = ["--package-name", "firmware", "--version-name", "1.0.0"];
    await aws("iot", "create-package", "--package-name", "firmware");
    const { packageVersionArn, status } = await aws(
      "iot",
      "create-package-version",
      ...version,
      "--attributes",
      "model=x1",
    );
    expect(status).toBe("DRAFT");
    await aws("iot", "update-package-version", ...version, "--action", "PUBLISH");
    const role = "arn:aws:iam::000000000000:role/shadows";
    const config = ["--version-update-by-jobs-config", `enabled=true,roleArn=${role}`];
    await aws("iot", "update-package-configuration", ...config);
    expect(await aws("iot", "get-package-configuration")).toEqual({
      versionUpdateByJobsConfig: { enabled: true, roleArn: role },
    });
    const { thingArn } = await aws("iot", "create-thing", "--thing-name", "pump");
    const document = '{"model":"${aws:iot:package:firmware:version:1.0.0:attributes:model}"}';
    const job = ["--job-id", "install", "--targets", thingArn, "--document", document];
    await aws("iot", "create-job", ...job, "--destination-package-versions", packageVersionArn);
    expect(JSON.parse((await aws("iot", "get-job-document", "--job-id", "install")).document)).toEqual({
      model: "x1",
    });
    const report = ["--job-id", "install", "--thing-name", "pump", "--status", "SUCCEEDED"];
    await aws("iot-jobs-data", "update-job-execution", ...report);
    const path = join(command.home, "package.json");
    await aws("iot-data", "get-thing-shadow", "--thing-name", "pump", "--shadow-name", "$package", path);
    expect(JSON.parse(await readFile(path, "utf8")).state).toEqual({
      reported: { firmware: { version: "1.0.0" } },
    });
    await expect(aws("iot", "create-package", "--package-name", "firmware")).rejects.toThrow(
      /ConflictException.*firmware already exists/,
    );
  });
});
