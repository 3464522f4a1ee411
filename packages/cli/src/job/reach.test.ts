import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { reachOf } from "./reach.js";
import { parseTargets } from "./targets.js";

const targets = parseTargets(["group:pumps", "pump-1"], 2);

test("exactly as many things as are counted are all things; one more is too many", async () => {
  const { iot } = iotThat({ ListThingsInThingGroup: () => ({ things: ["pump-1", "pump-2", "pump-3"] }) });
  expect(await reachOf(iot, targets, 3)).toEqual({
    things: ["pump-1", "pump-2", "pump-3"],
    unknown: undefined,
  });
  expect((await reachOf(iot, targets, 2)).unknown).toBe("more than 2 things");
});

test("a group that was deleted is named without AWS's words", async () => {
  const { iot } = iotThat({
    ListThingsInThingGroup: () => {
      const cause = Object.assign(new Error("Thing group pumps not found."), {
        name: "ResourceNotFoundException",
      });
      throw new FotaError("AWS_ERROR", "cannot list the things in group pumps: ...", { cause });
    },
  });
  await expect(reachOf(iot, targets)).rejects.toMatchObject({
    code: "GROUP_NOT_FOUND",
    message: 'there is no thing group "pumps"',
  });
});
