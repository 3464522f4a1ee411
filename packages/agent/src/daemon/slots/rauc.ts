import { join } from "node:path";
import * as v from "valibot";
import { raucSlots, raucSlotsView } from "../../node/rauc-slots.js";
import { readRaucStatus } from "../../node/rauc-status.js";
import { may, OBJECT, path, seconds, whole } from "../fields/field.js";
import { kind, restartBy, restartEntry, restartTool, type SlotsAdapter } from "./adapter.js";

/** Entries of slots that an installer writes. */
export const bundleEntries = {
  bundleDir: may(path, "folder for the bundles, not in a slot (default: `bundles` in stateDir)"),
  slotSizeBytes: may(whole(1), "largest bundle, 1 GiB by default"),
  installTimeoutSeconds: may(seconds, "limit on an installation (default: 1800)"),
} as const;

type Bundles = v.InferOutput<typeof bundlesSchema>;
const bundlesSchema = v.strictObject(bundleEntries, OBJECT);

/** Returns the options of an installer for these entries. */
export function bundleOptions(
  bundles: Bundles,
  stateDir: string,
): { dir: string; slotSizeBytes?: number; installTimeoutMs?: number } {
  const { slotSizeBytes, installTimeoutSeconds } = bundles;
  return {
    dir: bundleFolder(bundles, stateDir),
    ...(slotSizeBytes !== undefined && { slotSizeBytes }),
    ...(installTimeoutSeconds !== undefined && { installTimeoutMs: installTimeoutSeconds * 1000 }),
  };
}

/** Returns the folder for the bundles. */
export function bundleFolder({ bundleDir }: Pick<Bundles, "bundleDir">, stateDir: string): string {
  return bundleDir ?? join(stateDir, "bundles");
}

const schema = v.strictObject({ type: kind("rauc"), ...bundleEntries, ...restartEntry }, OBJECT);

/** Slots that RAUC writes and boots (docs/rauc.md). */
export const raucAdapter: SlotsAdapter<typeof schema> = {
  schema,
  tools: ({ restartCommand }) => ["rauc", restartTool(restartCommand)],
  folder: bundleFolder,
  ask: async () => void (await readRaucStatus()),
  open: async ({ restartCommand, ...bundles }, { stateDir }) => ({
    slots: await raucSlots({ ...bundleOptions(bundles, stateDir), ...restartBy(restartCommand) }),
  }),
  show: async (bundles, { stateDir }) => ({ slots: await raucSlotsView(bundleOptions(bundles, stateDir)) }),
};
