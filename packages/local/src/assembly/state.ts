import { join } from "node:path";
import { DEFAULT_REGION } from "../account.js";
import { openCertificateAuthority } from "../certificates/ca.js";
import { type Clock, type MovableClock, systemClock } from "../clock.js";
import type { Closers } from "../closers.js";
import { createEngine, type Engine } from "../engine/engine.js";
import { openFolderIdentity } from "../folder/folder-identity.js";
import { openStateFolder } from "../folder/state-folder.js";
import { createS3Access, type S3Access } from "../jobs/s3-access.js";
import { movableClock } from "../movable-clock.js";
import { openSessionStore, type SessionStore } from "../mqtt/session-store.js";
import { createObjectStore, type ObjectStore } from "../s3/object-store.js";
import type { Credentials } from "../sigv4/sigv4.js";
import { createTemporaryKeys, type TemporaryKeys } from "../sigv4/temporary-keys.js";
import { knownCredentials, type LocalOptions, urlHost } from "./options.js";

type Authority = Awaited<ReturnType<typeof openCertificateAuthority>>;

/** The state of a running stand-in, with the clock and the keys that it uses. */
export interface State {
  region: string;
  clock: MovableClock;
  credentials: readonly Credentials[];
  /** Those that the credential provider issues. */
  temporaryKeys: TemporaryKeys;
  authority: Authority;
  engine: Engine;
  objects: S3Access;
  store: ObjectStore;
  /** Absent without `dir`. */
  sessions: SessionStore | undefined;
  /** Sets `http://host:port` of this stand-in, which is known only after its server listens. */
  setEndpoint(endpoint: string): void;
}

/** Opens the certificate authority, the world, the objects and the MQTT sessions. @throws as `startLocal` */
export async function openState(
  options: LocalOptions,
  dir: string | undefined,
  closers: Closers,
): Promise<State> {
  const { region = DEFAULT_REGION, log = () => undefined } = options;
  const clock = asMovable(options.clock ?? systemClock);
  const folder = await closers.own(openStateFolder(dir));
  const credentials = knownCredentials(options.credentials);
  let endpoint = `http://${urlHost(options)}`;
  const objects = createS3Access({
    endpoints: () => ({ own: endpoint, devices: options.publicS3Url ?? endpoint }),
    region,
    credentials: credentials[0],
    clock,
  });
  const owner = dir === undefined ? undefined : await openFolderIdentity(dir);
  const worldDir = dir === undefined ? {} : { dir: join(dir, "world"), owner };
  const opening = [
    openCertificateAuthority(join(folder.path, "ca")),
    closers.own(createEngine({ clock, region, ...worldDir, presign: objects.presign, log })),
    createObjectStore({ dir: join(folder.path, "s3"), durable: dir !== undefined, owner }),
    dir === undefined ? undefined : closers.own(openSessionStore(join(dir, "mqtt"), owner)),
  ] as const;
  await Promise.allSettled(opening); // if one fails, the others must not use the folder after it is unlocked
  const [authority, engine, store, sessions] = await Promise.all(opening);
  await owner?.complete(authority.caPem);
  const setEndpoint = (own: string) => {
    endpoint = own;
  };
  const temporaryKeys = createTemporaryKeys(authority.deriveSecret("temporary credentials"));
  return {
    region,
    clock,
    credentials,
    temporaryKeys,
    authority,
    engine,
    objects,
    store,
    sessions,
    setEndpoint,
  };
}

function asMovable(clock: Clock): MovableClock {
  return "advance" in clock ? (clock as MovableClock) : movableClock(clock);
}
