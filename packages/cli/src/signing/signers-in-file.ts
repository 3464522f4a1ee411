import { dirname, resolve } from "node:path";
import type { Settings } from "../settings/settings.js";
import { KMS_PREFIX, parseKeyArgument } from "./key-argument.js";

/** Returns `sign` of the settings file as options: its paths are relative to the file. @throws {FotaError} USAGE */
export function signersInFile({ file, filePath }: Pick<Settings, "file" | "filePath">): string[] | undefined {
  const folder = filePath === undefined ? "" : dirname(filePath);
  return file.sign?.map((text) => {
    const { id, where } = parseKeyArgument(text, "sign");
    return `${id}=${where.startsWith(KMS_PREFIX) ? where : resolve(folder, where)}`;
  });
}
