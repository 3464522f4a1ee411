import * as v from "valibot";
import { type SwupdateSlotsOptions, swupdateSlots, swupdateSlotsView } from "../../node/swupdate-slots.js";
import { described, may, OBJECT, texts } from "../fields/field.js";
import { kind, type SlotsAdapter, type SlotsContext } from "./adapter.js";
import { loaderSchema, loaderTools, openLoader } from "./loaders.js";
import { bundleEntries, bundleFolder, bundleOptions } from "./rauc.js";

const schema = v.strictObject(
  {
    type: kind("swupdate"),
    loader: described(loaderSchema, "boot loader: an object as `slots` of its type, without paths"),
    selections: may(
      texts("must be a list of selections, one for each slot"),
      "selection of sw-description for each slot (default: `stable,slot-0`, `stable,slot-1`)",
    ),
    arguments: may(texts("must be a list of arguments"), "further arguments of swupdate, such as --key"),
    ...bundleEntries,
  },
  OBJECT,
);

/** Slots that SWUpdate writes (docs/swupdate.md). */
export const swupdateAdapter: SlotsAdapter<typeof schema> = {
  schema,
  tools: ({ loader }) => ["swupdate", "sync", ...loaderTools(loader)],
  folder: bundleFolder,
  ask: async ({ loader }) => void (await (await openLoader(loader)).store.load()),
  open: async (config, context) => ({ slots: swupdateSlots(await optionsOf(config, context)) }),
  show: async (config, context) => ({ slots: swupdateSlotsView(await optionsOf(config, context)) }),
};

async function optionsOf(
  { loader, selections, arguments: more, ...bundles }: v.InferOutput<typeof schema>,
  { stateDir }: SlotsContext,
): Promise<SwupdateSlotsOptions> {
  return {
    ...bundleOptions(bundles, stateDir),
    loader: await openLoader(loader),
    ...(selections !== undefined && { selections }),
    ...(more !== undefined && { arguments: more }),
  };
}
