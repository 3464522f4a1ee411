import { FotaError, THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";

/** Returns the name of a thing group; groups may have the same names as things. @throws {FotaError} TARGET_INVALID */
export function checkGroupName(name: string | undefined): string | undefined {
  if (name === undefined || (name.length <= THING_NAME_MAX_LENGTH && THING_NAME_PATTERN.test(name)))
    return name;
  throw new FotaError("TARGET_INVALID", `${JSON.stringify(name)} is not a valid group name`, {
    hint: `use 1 to ${THING_NAME_MAX_LENGTH} letters, digits, - _ and :`,
  });
}
