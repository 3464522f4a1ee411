import { describe, expect, test } from "vitest";
import { addJob, addThings, createModel, jobOf, type Model, thingArn } from "../../test/model-driver.js";
import { findShadow } from "../shadows/shadow.js";

const roleArn = "arn:aws:iam::000000000000:role/fota";
const config = { presignedUrlConfig: { roleArn } };
const arn = (packageName: string, versionName: string) =>
  `arn:aws:iot:us-east-1:000000000000:package/${packageName}/version/${versionName}`;
const invalid = (text: string) =>
  expect.objectContaining({ code: "InvalidRequestException", message: expect.stringContaining(text) });

/** A thing, and packages `fw` (1.0 PUBLISHED and default, 2.0 DRAFT) and `os` (7 DEPRECATED). */
function modelWithPackages(): Model {
  const model = createModel();
  addThings(model, "t1");
  const add = (packageName: string, versionName: string, ...actions: ("PUBLISH" | "DEPRECATE")[]) => {
    const id = { packageName, versionName };
    model.run("createPackageVersion", {
      ...id,
      attributes: { sha: 'a"b', note: "\\n", url: "https://s3.amazonaws.com/fw/direct.bin" },
      ...(packageName === "fw" && { artifact: { bucket: "fw", key: "dir/a b.bin", version: "v1" } }),
      tags: {},
    });
    for (const action of actions) model.run("updatePackageVersion", { ...id, action });
  };
  for (const packageName of ["fw", "os"]) model.run("createPackage", { packageName, tags: {} });
  add("fw", "1.0", "PUBLISH");
  add("fw", "2.0");
  add("os", "7", "PUBLISH", "DEPRECATE");
  model.run("updatePackage", {
    packageName: "fw",
    defaultVersionName: "1.0",
    unsetDefaultVersion: false,
  });
  return model;
}

/** The document of a job that installs these versions. */
function fill(
  value: string,
  destinationPackageVersions = [arn("fw", "1.0"), arn("os", "7")],
  more: Parameters<typeof addJob>[3] = { config },
) {
  const model = modelWithPackages();
  const document = `{"x":"${value}"}`;
  addJob(model, "j1", [thingArn("t1")], { document, destinationPackageVersions, ...more });
  return JSON.parse(jobOf(model, "j1").document).x;
}

describe("placeholders of packages", () => {
  const url = "${aws:iot:s3-presigned-url-v2:https://s3.amazonaws.com/fw/dir/a%20b.bin%3FversionId%3Dv1}";
  test.each([
    ["${aws:iot:package:fw:version:1.0:attributes:sha}", 'a"b'],
    ["of ${aws:iot:package:os:version:7:attributes:note}!", "of \\n!"],
    [
      "${aws:iot:package:fw:version:1.0:attributes}",
      { sha: 'a"b', note: "\\n", url: "https://s3.amazonaws.com/fw/direct.bin" },
    ],
    ["${aws:iot:package:fw:version:1.0:artifact:s3-presigned-url}", url],
    ["${aws:iot:package:fw:version:1.0:artifact-location:s3-presigned-url}", url],
    [
      "${aws:iot:s3-presigned-url:${aws:iot:package:os:version:7:attributes:url}}",
      "${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw/direct.bin}",
    ],
  ])("%s becomes %j", (placeholder, expected) => {
    expect(fill(placeholder)).toEqual(expected);
  });

  test("with empty names mean the only version, and with $default the default one", () => {
    const alone = [arn("fw", "$default")];
    expect(fill("${aws:iot:package::version::attributes:sha}", alone)).toBe('a"b');
    expect(fill("${aws:iot:package:fw:version:$default:attributes:sha}", alone)).toBe('a"b');
  });

  test.each([
    ["${aws:iot:package::version::attributes}", "given multiple elements"],
    ["${aws:iot:package:fw:version::attributes}", "used in pair"],
    ["${aws:iot:package:fw:version:$null:attributes}", "$null is not allowed"],
    ["${aws:iot:package:fw:version:$default:attributes}", "destinationPackageVersions does not name"],
    ["${aws:iot:package:fw:version:1.0:attributes:none}", "does not have the attribute none"],
    ["${aws:iot:package:fw:version:1.0:attributes[sha]}", "is not valid"],
    ["all ${aws:iot:package:fw:version:1.0:attributes}", "a json value by itself"],
    ["${aws:iot:package:os:version:7:artifact:s3-presigned-url}", "does not have an associated artifact"],
    [
      "${aws:iot:s3-presigned-url:${aws:iot:package:fw:version:1.0:artifact:s3-presigned-url}}",
      "cannot be nested",
    ],
    ["${aws:iot:package:fw:version:1.0:attributes:sha", "not terminated"],
  ])("%s is refused: %s", (placeholder, text) => {
    expect(() => fill(placeholder)).toThrow(invalid(text));
  });

  test("of artifacts need the role that AWS presigns with", () => {
    expect(() => fill("${aws:iot:package:fw:version:1.0:artifact:s3-presigned-url}", undefined, {})).toThrow(
      invalid("package fw version 1.0 artifact"),
    );
  });
});

describe("a job", () => {
  test.each([
    [[arn("fw", "2.0")], "DRAFT"],
    [[arn("fw", "1.0"), arn("fw", "$null")], "two versions of package fw"],
    [["arn:aws:iot:us-east-1:000000000000:thing/t1"], "not the ARN of a package version"],
    [[arn("fw", "1.0").replace("us-east-1", "eu-west-1")], "not in region us-east-1"],
  ])("with %j is refused: %s", (arns, text) => {
    expect(() => fill("", arns)).toThrow(invalid(text));
  });

  test.each([[arn("fw", "9")], [arn("none", "1")], [arn("os", "$default")]])(
    "with %s is refused, because there is none",
    (missing) => {
      expect(() => fill("", [missing])).toThrow(
        expect.objectContaining({ code: "ResourceNotFoundException" }),
      );
    },
  );

  test("takes the versions of its template, unless it names its own", () => {
    const model = modelWithPackages();
    const document = '{"x":"${aws:iot:package::version::attributes:sha}"}';
    model.run("createJobTemplate", {
      jobTemplateId: "plan",
      description: "d",
      document,
      config: {},
      destinationPackageVersions: [arn("fw", "$default")],
      tags: {},
    });
    const jobTemplateArn = "arn:aws:iot:us-east-1:000000000000:jobtemplate/plan";
    const add = (jobId: string, more: object) =>
      addJob(model, jobId, [thingArn("t1")], { document: undefined, jobTemplateArn, ...more });
    add("j1", {});
    add("j2", { destinationPackageVersions: [arn("os", "7")] });
    expect(jobOf(model, "j1").packages).toEqual({
      installs: [arn("fw", "1.0")],
      given: [arn("fw", "$default")],
      givenDocument: document,
    });
    expect(jobOf(model, "j2").packages?.installs).toEqual([arn("os", "7")]);
  });
});

describe("the shadow $package", () => {
  const reported = (model: Model) =>
    findShadow(model.world, { thingName: "t1", shadowName: "$package" })?.state.reported;

  function succeed(
    model: Model,
    jobId: string,
    arns: string[],
    status: "SUCCEEDED" | "FAILED" = "SUCCEEDED",
  ) {
    addJob(model, jobId, [thingArn("t1")], { destinationPackageVersions: arns });
    model.run("updateExecution", { thingName: "t1", jobId, status });
  }

  function enabledModel() {
    const model = modelWithPackages();
    model.run("updatePackageConfiguration", { enabled: true, roleArn });
    return model;
  }

  test("gets what a successful execution installed, keeps what a device wrote, and loses what was uninstalled", () => {
    const model = enabledModel();
    succeed(model, "j1", [arn("fw", "1.0")], "FAILED");
    expect(reported(model)).toBeUndefined();
    const attributes = { installed: "yesterday" };
    const state = { reported: { os: { version: "6", attributes } } };
    model.run("updateShadow", { thingName: "t1", shadowName: "$package", state });
    model.takeNotices();
    succeed(model, "j2", [arn("fw", "$default"), arn("os", "7")]);
    expect(reported(model)).toEqual({ fw: { version: "1.0" }, os: { version: "7", attributes } });
    expect(model.takeNotices().map(({ topic }) => topic)).toContain(
      "$aws/things/t1/shadow/name/$package/update/documents",
    );
    succeed(model, "j3", [arn("os", "$null")]);
    expect(reported(model)).toEqual({ fw: { version: "1.0" } });
  });

  test("stays as it is while updates by jobs are disabled", () => {
    const model = modelWithPackages();
    succeed(model, "j1", [arn("fw", "1.0")]);
    expect(reported(model)).toBeUndefined();
  });

  test("does not get a version that was deleted meanwhile, nor one for which it has no room", () => {
    const model = enabledModel();
    addJob(model, "j1", [thingArn("t1")], { destinationPackageVersions: [arn("os", "7")] });
    model.run("deletePackageVersion", { packageName: "os", versionName: "7" });
    model.run("updateExecution", { thingName: "t1", jobId: "j1", status: "SUCCEEDED" });
    expect(reported(model)).toBeUndefined();

    const full = { app: { version: "1", attributes: { text: "x".repeat(8_130) } } };
    model.run("updateShadow", { thingName: "t1", shadowName: "$package", state: { reported: full } });
    succeed(model, "j2", [arn("fw", "1.0")]);
    expect(reported(model)).toEqual(full);
    expect(jobOf(model, "j2").counts.SUCCEEDED).toBe(1);
  });

  test.each([{ fw: { description: "d" } }, { fw: { version: 1 } }, { fw: "1.0" }])(
    "refuses %j, which is no version with attributes",
    (wrong) => {
      const model = createModel();
      expect(() =>
        model.run("updateShadow", {
          thingName: "t1",
          shadowName: "$package",
          state: { reported: wrong },
        }),
      ).toThrow(invalid("State contains an invalid node"));
    },
  );
});
