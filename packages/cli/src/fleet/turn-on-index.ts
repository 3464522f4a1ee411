import type { ThingIndexingConfiguration } from "@aws-sdk/client-iot";
import { INVENTORY_SHADOW } from "@fota/shared";
import type { IndexSetting } from "./result.js";

/** The fields that are counted by value. AWS IoT aggregates only fields that its configuration names. */
const FIELDS = ["version", "model"].map((name) => `shadow.name.${INVENTORY_SHADOW}.reported.${name}`);

/**
 * Returns a configuration with all that `fota fleet` needs, and how it differs. Keeps everything else: AWS IoT turns off
 * what an update leaves out.
 */
export function withFleet(current: ThingIndexingConfiguration | undefined): {
  configuration: ThingIndexingConfiguration;
  changes: IndexSetting[];
} {
  const changes: IndexSetting[] = [];
  const set = <T extends string>(setting: string, from: T | undefined, to: T): T => {
    if (from !== to) changes.push({ setting, from: from ?? "OFF", to });
    return to;
  };
  const mode = current?.thingIndexingMode;
  const names = current?.filter?.namedShadowNames ?? [];
  const fields = current?.customFields ?? [];
  const missing = FIELDS.filter((field) => !fields.some(({ name }) => name === field));
  const { managedFields: _, ...kept } = current ?? { thingIndexingMode: "OFF" }; // AWS IoT sets these itself
  const configuration: ThingIndexingConfiguration = {
    ...kept,
    thingIndexingMode: mode === "REGISTRY_AND_SHADOW" ? mode : set("thingIndexingMode", mode, "REGISTRY"),
    thingConnectivityIndexingMode: set(
      "thingConnectivityIndexingMode",
      current?.thingConnectivityIndexingMode,
      "STATUS",
    ),
    namedShadowIndexingMode: set("namedShadowIndexingMode", current?.namedShadowIndexingMode, "ON"),
    filter: { ...current?.filter, namedShadowNames: names },
    customFields: [...fields, ...missing.map((name) => ({ name, type: "String" as const }))],
  };
  if (!names.includes(INVENTORY_SHADOW)) {
    const to = [...names, INVENTORY_SHADOW];
    changes.push({ setting: "filter.namedShadowNames", from: names.join(", "), to: to.join(", ") });
    configuration.filter = { ...current?.filter, namedShadowNames: to };
  }
  for (const name of missing) changes.push({ setting: "customFields", from: "", to: name });
  return { configuration, changes };
}
