import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FotaError, makeFolders, messageOf } from "@fota/shared";
import { createDeviceIdentity, type DeviceIdentity } from "../aws/device-setup.js";
import type { Iot } from "../aws/iot.js";
import { createThing } from "../aws/things.js";
import { readSmallFile } from "../files/small-file.js";

interface SavedIdentity extends DeviceIdentity {
  /** The CA that signed the certificate, in PEM: another stand-in does not know the certificate. */
  ca: string;
}

/**
 * Returns the certificate of a virtual device at the running stand-in. The first call creates it with its thing and
 * saves it in `dir`; it is created again if the stand-in has another CA, as one without `--dir` has after each start.
 * @throws {FotaError} STATE_ACCESS, and translated AWS errors
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

/** Reads the saved identity; `undefined` if it is missing or unreadable, so that a new one is created. */
async function readIdentity(path: string): Promise<SavedIdentity | undefined> {
  try {
    return JSON.parse((await readSmallFile(path)).toString("utf8")) as SavedIdentity;
  } catch {
    return undefined;
  }
}
