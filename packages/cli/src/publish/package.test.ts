import { FotaError } from "@fota/shared";
import { describe, expect, test } from "vitest";
import { iotThat, s3That } from "../../test/service-that.js";
import { makePackage, namesOfMade, type PackagePlan, publishPackage } from "./package.js";

type Version = NonNullable<PackagePlan["version"]>;
const version: Version = {
  packageName: "fw",
  versionName: "1.0.0",
  attributes: { sha256: "a" },
  found: "nothing",
};
const images = [
  {
    slot: 1,
    object: { bucket: "b", key: "k" },
    image: { name: "app.bin", sizeBytes: 1, md5: "0", sha256: "a" },
    isThere: true as const,
  },
];

/** An error of AWS, as the SDK throws it. */
const awsError = (name: string) => () => {
  throw Object.assign(new Error(name), { name });
};
const denied = () => {
  throw new FotaError("ACCESS_DENIED", "denied");
};
const nothing = () => ({ package: false, version: false });
const other = (status: string, sha256: string) => () => ({ status, attributes: { sha256 } });
const noVersions = s3That({ HeadObject: () => ({ ContentLength: 1 }) }).s3;

describe("another command at the same time", () => {
  test("that made the same version is no obstacle", async () => {
    const conflict = awsError("ConflictException");
    const { iot } = iotThat({
      CreatePackage: conflict,
      CreatePackageVersion: conflict,
      GetPackageVersion: other("DRAFT", "a"),
      UpdatePackageVersion: conflict,
    });
    const made = nothing();
    await makePackage(iot, version, made);
    await publishPackage({ iot, s3: noVersions }, { version, images }, made);
    expect(namesOfMade(version, made)).toEqual([]);
  });

  test.each(["CreatePackageVersion", "UpdatePackageVersion"])(
    "that has another image for the version is found at %s",
    async (late) => {
      const { iot } = iotThat({
        CreatePackage: awsError("ConflictException"),
        CreatePackageVersion: () => ({}),
        UpdatePackageVersion: () => ({}),
        [late]: awsError("ConflictException"),
        GetPackageVersion: other("PUBLISHED", "b"),
      });
      const publish = async () => {
        const made = nothing();
        await makePackage(iot, version, made);
        await publishPackage({ iot, s3: noVersions }, { version, images }, made);
      };
      await expect(publish()).rejects.toMatchObject({ code: "PACKAGE_DIFFERS" });
    },
  );

  test("that published the version keeps it, although this one may not publish", async () => {
    const { iot, asked } = iotThat({
      CreatePackage: () => ({}),
      CreatePackageVersion: () => ({}),
      UpdatePackageVersion: denied,
      GetPackageVersion: other("PUBLISHED", "a"),
    });
    const made = nothing();
    await makePackage(iot, version, made);
    const publishing = publishPackage({ iot, s3: noVersions }, { version, images }, made);
    await expect(publishing).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    expect(asked).not.toContain("DeletePackageVersion");
    expect(namesOfMade(version, made)).toEqual(["package fw", "version 1.0.0 of package fw"]);
  });
});

test("a version and a package that may not be deleted are named", async () => {
  const { iot } = iotThat({
    CreatePackage: () => ({}),
    CreatePackageVersion: () => ({}),
    UpdatePackageVersion: denied,
    GetPackageVersion: other("DRAFT", "a"),
    DeletePackageVersion: () => ({}),
    DeletePackage: denied,
  });
  const made = nothing();
  await makePackage(iot, version, made);
  const publishing = publishPackage({ iot, s3: noVersions }, { version, images }, made);
  await expect(publishing).rejects.toMatchObject({ code: "ACCESS_DENIED" });
  expect(namesOfMade(version, made)).toEqual(["package fw"]);
});

test.each([
  ["the bucket keeps versions", () => ({ ContentLength: 1, VersionId: "v1" }), "v1"],
  ["it keeps none", () => ({ ContentLength: 1 }), undefined],
  ["fota may not read the image", denied, undefined],
])("where %s, the artifact has version %s", async (_where, HeadObject, expected) => {
  let artifact: unknown;
  const { iot } = iotThat({
    UpdatePackageVersion: (input) => {
      artifact = input["artifact"];
      return {};
    },
  });
  const { s3 } = s3That({ HeadObject });
  await publishPackage({ iot, s3 }, { version: { ...version, found: "draft" }, images }, nothing());
  expect(artifact).toEqual(
    expected === undefined ? undefined : { s3Location: { bucket: "b", key: "k", version: expected } },
  );
});
