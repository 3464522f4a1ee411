import { describe, expect, test } from "vitest";
import { createModel, type Model } from "../../test/model-driver.js";
import { existingPackage, existingVersion } from "./package.js";

const packageName = "firmware";
const id = { packageName, versionName: "1.0.0" };
const TOKEN = "0123456789abcdef0123456789abcdef0123";

function modelWithVersion(): Model {
  const model = createModel();
  model.run("createPackage", { packageName, tags: {} });
  model.run("createPackageVersion", { ...id, attributes: { model: "x1" }, tags: {} });
  return model;
}

const publish = (model: Model, more = {}) =>
  model.run("updatePackageVersion", { ...id, action: "PUBLISH", ...more });
const status = (model: Model) => existingVersion(model.world, id).status;
const fault = (code: string, text: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(text) });

describe("a version", () => {
  test("is DRAFT, then PUBLISHED, then DEPRECATED and PUBLISHED again, and has no other ways", () => {
    const model = modelWithVersion();
    const deprecate = () => model.run("updatePackageVersion", { ...id, action: "DEPRECATE" });
    expect(status(model)).toBe("DRAFT");
    expect(deprecate).toThrow(fault("ConflictException", "DRAFT"));
    publish(model);
    expect(status(model)).toBe("PUBLISHED");
    expect(() => publish(model)).toThrow(fault("ConflictException", "PUBLISHED"));
    deprecate();
    expect(status(model)).toBe("DEPRECATED");
    publish(model);
    expect(status(model)).toBe("PUBLISHED");
  });

  test("has attributes and an artifact that change only while it is DRAFT; description and recipe change later, too", () => {
    const model = modelWithVersion();
    const update = (content: object) => model.run("updatePackageVersion", { ...id, ...content });
    update({ attributes: { a: "1" }, artifact: { bucket: "b", key: "k" } });
    publish(model, { attributes: { a: "2" } });
    for (const content of [{ attributes: {} }, { artifact: { bucket: "b", key: "k2" } }])
      expect(() => update(content)).toThrow(fault("ConflictException", "can no longer change"));
    update({ description: "d", recipe: "{}" });
    expect(existingVersion(model.world, id)).toMatchObject({
      attributes: { a: "2" },
      artifact: { bucket: "b", key: "k" },
      description: "d",
      recipe: "{}",
    });
  });

  test("has at most 3 KiB of attributes", () => {
    const model = modelWithVersion();
    const update = (length: number) =>
      model.run("updatePackageVersion", { ...id, attributes: { a: "x".repeat(length) } });
    update(3071);
    expect(() => update(3072)).toThrow(fault("InvalidRequestException", "3073 bytes"));
  });

  test("needs its package, and has a name of its own there", () => {
    const model = modelWithVersion();
    expect(() => model.run("createPackageVersion", { ...id, tags: {} })).toThrow(
      fault("ConflictException", "already exists"),
    );
    expect(() =>
      model.run("createPackageVersion", { packageName: "other", versionName: "1", tags: {} }),
    ).toThrow(fault("InvalidRequestException", "Package other does not exist"));
  });
});

describe("a package", () => {
  test("has a default version that is not DRAFT, and that cannot be deleted before it is unset", () => {
    const model = modelWithVersion();
    const update = (more: object) =>
      model.run("updatePackage", { packageName, unsetDefaultVersion: false, ...more });
    const remove = () => model.run("deletePackageVersion", id);
    const byDefault = { defaultVersionName: "1.0.0" };
    expect(() => update({ defaultVersionName: "2" })).toThrow(fault("ResourceNotFoundException", "2"));
    expect(() => update(byDefault)).toThrow(fault("ConflictException", "DRAFT"));
    publish(model);
    expect(() => update({ ...byDefault, unsetDefaultVersion: true })).toThrow(
      fault("InvalidRequestException", "unsetDefaultVersion"),
    );
    update(byDefault);
    expect(existingPackage(model.world, packageName).defaultVersionName).toBe("1.0.0");
    expect(remove).toThrow(fault("InvalidRequestException", "default version"));
    update({ unsetDefaultVersion: true });
    remove();
    remove(); // the API model has no error for a missing one
  });

  test("is deleted after its versions", () => {
    const model = modelWithVersion();
    const remove = () => model.run("deletePackage", { packageName });
    expect(remove).toThrow(fault("InvalidRequestException", "1 versions"));
    model.run("deletePackageVersion", id);
    remove();
    remove();
    expect(() => existingPackage(model.world, packageName)).toThrow(
      fault("ResourceNotFoundException", "firmware"),
    );
  });
});

describe("a request that is repeated with its client token", () => {
  test("succeeds, and another request with the token does not", () => {
    const model = createModel();
    const create = (description: string) =>
      model.run("createPackage", { packageName, description, tags: {}, clientToken: TOKEN });
    const createVersion = (recipe: string) =>
      model.run("createPackageVersion", { ...id, recipe, tags: {}, clientToken: TOKEN });
    expect(create("a")).toBe(create("a"));
    expect(() => create("b")).toThrow(fault("ConflictException", "already exists"));
    expect(createVersion("{}")).toBe(createVersion("{}"));
    expect(() => createVersion("[]")).toThrow(fault("ConflictException", "already exists"));
    publish(model, { clientToken: TOKEN });
    publish(model, { clientToken: TOKEN });
    expect(() => publish(model, { clientToken: `${TOKEN}1` })).toThrow(fault("ConflictException", "PUBLISH"));
  });
});

test("updates of shadows by jobs need a role, which stays when they are disabled", () => {
  const model = createModel();
  const roleArn = "arn:aws:iam::000000000000:role/shadows";
  const update = (config: object) => model.run("updatePackageConfiguration", config);
  expect(() => update({ enabled: true })).toThrow(fault("InvalidRequestException", "roleArn"));
  update({ enabled: true, roleArn });
  update({ enabled: false });
  expect(model.world.packageConfiguration).toEqual({ enabled: false, roleArn });
});
