import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FotaError, makeFolders, messageOf } from "@fota/shared";
import { createDeviceIdentity, type DeviceIdentity } from "../aws/device-setup.js";
import type { Iot } from "../aws/iot.js";
import { createThing } from "../aws/things.js";
import { readSmallFile } from "../files/small-file.js";

interface SavedIdentity extends DeviceIdentity {
  /** The CA that signed the certificate, PEM: another stand-in does not know it. */
  ca: string;
}

/**
 * The certificate of a virtual device at the running stand-in. Made at the first call, with its thing, and kept in
 * `dir`; made anew when the stand-in has another CA, as one without `--dir` has after each start.
 * @throws {FotaError} STATE_ACCESS, and what translated AWS errors can be
 */
export async function standInIdentity(
  iot: Iot,
  thingName: string,
  dir: string,
  ca: string,
): Promise<DeviceIdentity> {
  const path = join(dir, "identity.json");
  const saved = await readIdentity(path);
  if (saved?.ca === ca) return saved;
  await createThing(iot, thingName);
  const made = await createDeviceIdentity(iot, thingName);
  await saveIdentity(path, { ...made, ca });
  return made;
}

async function saveIdentity(path: string, identity: SavedIdentity): Promise<void> {
  try {
    await makeFolders(dirname(path), { mkdir, dirname });
    await writeFile(path, JSON.stringify(identity), { mode: 0o600 });
  } catch (cause) {
    throw new FotaError("STATE_ACCESS", `cannot write ${path}: ${messageOf(cause)}`, {
      hint: "--dir names the folder of the device",
      cause,
    });
  }
}

/** What is missing or cannot be read is made anew. */
async function readIdentity(path: string): Promise<SavedIdentity | undefined> {
  try {
    return JSON.parse((await readSmallFile(path)).toString("utf8")) as SavedIdentity;
  } catch {
    return undefined;
  }
}
