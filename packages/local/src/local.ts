import { resolve } from "node:path";
import { startBroker } from "./assembly/broker.js";
import type { LocalInfo, LocalOptions } from "./assembly/options.js";
import { createSeed } from "./assembly/seed.js";
import { startServices } from "./assembly/services.js";
import { openState } from "./assembly/state.js";
import type { MovableClock } from "./clock.js";
import { Closers } from "./closers.js";
import { createFaults, type Faults } from "./faults/faults.js";
import { unusableFolder } from "./folder/state-folder.js";
import { type ProvisionedThing, provisionThing } from "./services/provision.js";

type EnvironmentName =
  | "AWS_ENDPOINT_URL"
  | "AWS_REGION"
  | "AWS_DEFAULT_REGION"
  | "AWS_ACCESS_KEY_ID"
  | "AWS_SECRET_ACCESS_KEY";

/** A running stand-in. */
export interface Local extends LocalInfo {
  caPem: string;
  /** Environment variables for other tools, as in `spawn("aws", args, { env: { ...process.env, ...local.env } })`. */
  env: Readonly<Record<EnvironmentName, string>>;
  /** The stand-in's time; `options.clock` itself if that can be moved. */
  clock: MovableClock;
  /** The faults that tests switch on; none at the start. */
  faults: Faults;
  /** Breaks the connection of an MQTT client without a DISCONNECT; returns false if it is not connected. */
  disconnectClient(clientId: string): boolean;
  info(): LocalInfo;
  /** Creates a thing with an active certificate. An existing thing gets an additional certificate. */
  provisionThing(thingName: string): Promise<ProvisionedThing>;
  /** Closes all connections, waits until everything is on disk, and removes the temp folder. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts the stand-in: AWS IoT, its Jobs and its MQTT broker, and S3, in this process.
 *
 * @throws {FotaError} USAGE, PORT_IN_USE, LOCAL_DIR_IN_USE, LOCAL_DIR_INVALID; then nothing keeps running
 */
export async function startLocal(options: LocalOptions = {}): Promise<Local> {
  const closers = new Closers();
  try {
    return await start(options, closers);
  } catch (error) {
    await closers.closeAll();
    const { dir } = options;
    const isFile = error instanceof Error && "syscall" in error && "path" in error;
    throw isFile && dir !== undefined ? unusableFolder(dir, error) : error;
  }
}

async function start(options: LocalOptions, closers: Closers): Promise<Local> {
  const dir = options.dir === undefined ? undefined : resolve(options.dir);
  const state = await openState(options, dir, closers);
  await createSeed(options, state);
  const faults = createFaults();
  const mqtt = await startBroker(options, state, faults, closers);
  const info = await startServices(options, state, mqtt, { faults, dir, closers });
  closers.add(async () => mqtt.connections.shutDown());
  return {
    ...info,
    caPem: state.authority.caPem,
    env: buildEnvironment(info),
    clock: state.clock,
    faults,
    disconnectClient: (clientId) => mqtt.broker.breakConnection(clientId),
    info: () => ({ ...info }),
    provisionThing: (thingName) => provisionThing(state.engine, state.authority, thingName),
    stop: () => closers.closeAll(),
  };
}

function buildEnvironment({ endpoint, region }: LocalInfo): Record<EnvironmentName, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region, // for boto3 and older tools
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
}
