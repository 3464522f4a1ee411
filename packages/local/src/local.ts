import { resolve } from "node:path";
import { startBroker } from "./assembly/broker.js";
import type { LocalInfo, LocalOptions } from "./assembly/options.js";
import { makeSeed } from "./assembly/seed.js";
import { startServices } from "./assembly/services.js";
import { openState } from "./assembly/state.js";
import type { MovableClock } from "./clock.js";
import { Closers } from "./closers.js";
import { createFaults, type Faults } from "./faults/faults.js";
import { refusedFolder } from "./folder/state-folder.js";
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
  /** What other tools need in their environment to use it: `spawn("aws", args, { env: { ...process.env, ...local.env } })`. */
  env: Readonly<Record<EnvironmentName, string>>;
  /** The stand-in's time, to be moved; `options.clock` itself where that can be moved. */
  clock: MovableClock;
  /** What goes wrong: nothing until a test adds a fault. */
  faults: Faults;
  /** Breaks the connection of an MQTT client, without a DISCONNECT; false when there is none. */
  disconnectClient(clientId: string): boolean;
  info(): LocalInfo;
  /** A thing with an active certificate of its own. A thing that is there gets one more certificate. */
  provisionThing(thingName: string): Promise<ProvisionedThing>;
  /** Closes every connection, waits until all is on disk, removes the temp folder. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts the stand-in: AWS IoT, its Jobs and its MQTT broker, and S3, in this process.
 *
 * @throws {FotaError} USAGE, PORT_IN_USE, LOCAL_DIR_IN_USE, LOCAL_DIR_INVALID; then nothing of it runs
 */
export async function startLocal(options: LocalOptions = {}): Promise<Local> {
  const closers = new Closers();
  try {
    return await start(options, closers);
  } catch (error) {
    await closers.closeAll();
    const { dir } = options;
    const isFile = error instanceof Error && "syscall" in error && "path" in error;
    throw isFile && dir !== undefined ? refusedFolder(dir, error) : error;
  }
}

async function start(options: LocalOptions, closers: Closers): Promise<Local> {
  const dir = options.dir === undefined ? undefined : resolve(options.dir);
  const state = await openState(options, dir, closers);
  await makeSeed(options, state);
  const faults = createFaults();
  const mqtt = await startBroker(options, state, faults, closers);
  const info = await startServices(options, state, mqtt, { faults, dir, closers });
  closers.add(async () => mqtt.connections.shutDown());
  return {
    ...info,
    caPem: state.authority.caPem,
    env: environmentOf(info),
    clock: state.clock,
    faults,
    disconnectClient: (clientId) => mqtt.broker.breakOff(clientId),
    info: () => ({ ...info }),
    provisionThing: (thingName) => provisionThing(state.engine, state.authority, thingName),
    stop: () => closers.closeAll(),
  };
}

function environmentOf({ endpoint, region }: LocalInfo): Record<EnvironmentName, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region, // what boto3 and older tools read
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
}
