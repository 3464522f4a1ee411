import { basename } from "node:path";
import { FotaError, KEY_ID_PATTERN } from "@fota/shared";

/** Names a key: where it is, and the id that signatures have. */
export interface KeyArgument {
  id: string;
  /** A file, or `kms:<key>`. */
  where: string;
}

/** Marks a key of AWS KMS. */
export const KMS_PREFIX = "kms:";

/**
 * Parses `[id=]key`. The id of a file is by default its name without `.pem`, `.key` and `.pub`, that of a KMS key its
 * alias or key id.
 * @throws {FotaError} USAGE, naming `flag`, if the name cannot be an id
 */
export function parseKeyArgument(text: string, flag: string): KeyArgument {
  const at = text.indexOf("=");
  const stated = at < 1 ? undefined : text.slice(0, at);
  if (stated !== undefined && KEY_ID_PATTERN.test(stated)) return { id: stated, where: text.slice(at + 1) };
  const id = keyIdOf(text);
  if (KEY_ID_PATTERN.test(id)) return { id, where: text };
  throw new FotaError("USAGE", `${flag} ${JSON.stringify(text)} has no name that can be a key id`, {
    hint: `write ${flag} release-2026=${text}: an id has 1 to 64 of A-Z a-z 0-9 . _ : @ / -`,
  });
}

/** Returns the id of a key by its name: of a file, or of a KMS key. */
function keyIdOf(where: string): string {
  if (!where.startsWith(KMS_PREFIX)) return basename(where).replace(/(?<=.)(\.(pem|key|pub))+$/i, "");
  const { key } = parseKmsKey(where);
  return key.slice(key.lastIndexOf("/") + 1);
}

/** Splits `kms:<key id, alias or ARN>[@region]`. The region of an ARN is in it. */
export function parseKmsKey(where: string): { key: string; region: string | undefined } {
  const [key = "", region] = where.slice(KMS_PREFIX.length).split("@");
  return { key, region: region ?? /^arn:[^:]+:kms:([^:]+):/.exec(key)?.[1] };
}
