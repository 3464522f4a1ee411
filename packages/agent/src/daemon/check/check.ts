import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { FotaError } from "@fota/shared";
import { errnoOf, storageError } from "../../boot/storage-error.js";
import { showBench } from "../bench/bench.js";
import type { Config } from "../config/schema.js";
import { askDaemon, connectToDaemon } from "../control/client.js";
import { checkSettings, isLocalBroker } from "../device/device.js";
import { findOpenPlaces } from "../device/open-places.js";
import { askSlots, slotFolder } from "../slots/adapters.js";
import type { Status } from "../status/result.js";
import { brokerFinding, checkBroker } from "./broker.js";
import { type Finding, failed, ok, skipped, warn } from "./finding.js";
import { checkHandlers } from "./handlers.js";
import { checkHooks } from "./hooks.js";
import { checkIdentity, clockFinding } from "./identity.js";
import { bootFinding, checkSlots } from "./slots.js";
import { checkStateFolder, probeFolder } from "./storage.js";
import { checkTools } from "./tools.js";

export interface CheckContext {
  read: () => Promise<Config>;
  env: Readonly<Record<string, string | undefined>>;
  configPath: string;
  nowMs: number;
}

/**
 * Examines all that an update needs, and yields each finding when it is known. Changes nothing. Beside a running daemon,
 * it asks the daemon about the slots and the broker.
 */
export async function* check({ read, env, configPath, nowMs }: CheckContext): AsyncGenerator<Finding> {
  let config: Config;
  try {
    config = await read();
  } catch (error) {
    yield failed("configuration", error);
    yield skipped("all others", "they need the configuration");
    return;
  }
  yield await configFinding(config);
  for (const { message, hint } of await findOpenPlaces(config, configPath))
    yield warn("permissions", message, hint);
  yield* await checkHooks(config.hooks);
  yield* await checkHandlers(config.jobs);
  yield* await checkTools(config, env);
  yield* await checkIdentity(config, nowMs);
  yield clockFinding(await certificateOf(config), nowMs);
  const state = await checkStateFolder(config);
  yield state;
  try {
    const socket = await connectToDaemon(config.stateDir);
    if (socket === undefined) yield* checkAlone(config, env);
    else yield* checkDaemon(config, (await askDaemon(socket, { command: "status" })) as Status);
  } catch (error) {
    yield failed("daemon", error);
  }
}

async function configFinding(config: Config): Promise<Finding> {
  try {
    await checkSettings(config);
  } catch (error) {
    return failed("configuration", error);
  }
  const { download, thingName, trust } = config;
  if (download.allowLoopbackHttp === true && !isLocalBroker(config)) {
    return warn(
      "configuration",
      "download.allowLoopbackHttp is on: everyone who can create jobs reaches services of this device",
      "remove download.allowLoopbackHttp: it is for a stand-in on this machine",
    );
  }
  const keys = Object.keys(trust?.keys ?? {});
  const signed = trust === undefined ? "unsigned jobs are accepted" : `trusted keys: ${keys.join(", ")}`;
  return ok("configuration", `thing ${thingName}; ${signed}`);
}

async function certificateOf({ cert }: Config): Promise<X509Certificate | undefined> {
  try {
    return new X509Certificate(cert.includes("-----BEGIN") ? cert : await readFile(cert));
  } catch {
    return undefined; // the check of the certificate tells why
  }
}

async function* checkAlone(config: Config, env: CheckContext["env"]): AsyncGenerator<Finding> {
  yield skipped("daemon", "not running");
  try {
    const folder = slotFolder(config.slots, config.stateDir);
    if (folder !== undefined && (await isMissing(folder))) yield await checkMissingSlots(config, folder);
    else yield* await checkSlots(await showBench(config, { env, log: () => {} }));
  } catch (error) {
    yield failed("slots", error);
  }
  yield await checkBroker(config);
}

/** Checks slots whose folder is not made yet, without making it. */
async function checkMissingSlots({ slots }: Config, folder: string): Promise<Finding> {
  await askSlots(slots);
  try {
    await probeFolder(folder);
  } catch (error) {
    return failed("slots", storageError("SLOT_ACCESS", "cannot create the slot folder", folder, error));
  }
  return skipped("slots", `${folder} does not exist yet: \`fota-agent run\` makes it`);
}

async function isMissing(path: string): Promise<boolean> {
  return await stat(path).then(
    () => false,
    (error: unknown) => errnoOf(error) === "ENOENT",
  );
}

function* checkDaemon(config: Config, status: Status): Generator<Finding> {
  const { daemon } = status;
  if (daemon === null) throw new FotaError("RESPONSE_INVALID", "the daemon does not tell its state");
  yield ok("daemon", "running");
  yield bootFinding(status);
  yield brokerFinding(config, status, daemon);
}
