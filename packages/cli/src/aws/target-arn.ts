import type { Iot } from "./iot.js";
import { listThingGroupNames, listThingNames } from "./names.js";
import { suggestFrom } from "./near-names.js";
import { thingGroupArn } from "./thing-groups.js";
import { thingArn } from "./things.js";

/**
 * Looks up a thing or a group by the name that the user gave.
 * @throws {FotaError} THING_NOT_FOUND, GROUP_NOT_FOUND, with near names
 */
export async function targetArn(
  iot: Iot,
  { kind, name }: { kind: "thing" | "group"; name: string },
): Promise<string> {
  return kind === "thing"
    ? await thingArn(iot, name).catch(suggestThings(iot, name))
    : await thingGroupArn(iot, name).catch(
        suggestFrom("GROUP_NOT_FOUND", name, () => listThingGroupNames(iot)),
      );
}

/** Returns a handler for `catch` that suggests things if none has this name. */
export function suggestThings(iot: Iot, name: string) {
  return suggestFrom("THING_NOT_FOUND", name, () => listThingNames(iot));
}
