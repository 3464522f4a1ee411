import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { suggestFrom } from "./near-names.js";

async function* list(...names: string[]) {
  yield* names;
}

async function refused(code: "THING_NOT_FOUND" | "ACCESS_DENIED", names: () => AsyncIterable<string>) {
  const error = new FotaError(code, 'there is no thing "pump-l"', { hint: "check the region" });
  return await suggestFrom("THING_NOT_FOUND", "pump-l", names)(error).catch((thrown: unknown) => thrown);
}

test("a name that is not found comes with the names that are near it", async () => {
  expect(await refused("THING_NOT_FOUND", () => list("pump-1", "valve", "pump-11"))).toMatchObject({
    code: "THING_NOT_FOUND",
    message: 'there is no thing "pump-l"',
    hint: 'did you mean "pump-1" or "pump-11"? if not, check the region',
  });
});

test("where no name is near, or names cannot be read, the error is as it was", async () => {
  expect(await refused("THING_NOT_FOUND", () => list("valve"))).toMatchObject({ hint: "check the region" });
  const denied = () => {
    throw new FotaError("ACCESS_DENIED", "no");
  };
  async function* deny(): AsyncGenerator<string> {
    yield denied();
  }
  expect(await refused("THING_NOT_FOUND", deny)).toMatchObject({
    code: "THING_NOT_FOUND",
    hint: "check the region",
  });
});

test("names are not read for another error, and at most 1,000 of them", async () => {
  let read = 0;
  async function* many() {
    for (;;) yield `pump-${read++}`;
  }
  expect(await refused("ACCESS_DENIED", many)).toMatchObject({ hint: "check the region" });
  expect(read).toBe(0);
  await refused("THING_NOT_FOUND", many);
  expect(read).toBe(1_000);
});
