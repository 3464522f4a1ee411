import { join } from "node:path";
import * as v from "valibot";
import { swupdateSlots } from "../../node/swupdate-slots.js";
import { described, may, OBJECT, path, seconds, texts, whole } from "../fields/field.js";
import { kind, type SlotsAdapter } from "./adapter.js";
import { loaderSchema, openLoader } from "./loaders.js";

const schema = v.strictObject(
  {
    type: kind("swupdate"),
    loader: described(loaderSchema, "boot loader: an object as `slots` of its type, without paths"),
    bundleDir: may(path, "folder for the bundles, not in a slot (default: `bundles` in stateDir)"),
    selections: may(
      texts("must be a list of selections, one for each slot"),
      "selection of sw-description for each slot (default: `stable,slot-0`, `stable,slot-1`)",
    ),
    arguments: may(texts("must be a list of arguments"), "further arguments of swupdate, such as --key"),
    slotSizeBytes: may(whole(1), "largest bundle, 1 GiB by default"),
    installTimeoutSeconds: may(seconds, "limit on an installation (default: 1800)"),
  },
  OBJECT,
);

/** Slots that SWUpdate writes (docs/swupdate.md). */
export const swupdateAdapter: SlotsAdapter<typeof schema> = {
  schema,
  async open({ type: _type, loader, bundleDir, installTimeoutSeconds, ...options }, { stateDir }) {
    const slots = swupdateSlots({
      ...options,
      dir: bundleDir ?? join(stateDir, "bundles"),
      loader: await openLoader(loader),
      ...(installTimeoutSeconds !== undefined && { installTimeoutMs: installTimeoutSeconds * 1000 }),
    });
    return { slots };
  },
};
