import { expect, test } from "vitest";
import { withFleet } from "./turn-on-index.js";

const FIELDS = [
  { name: "shadow.name.fota.reported.version", type: "String" },
  { name: "shadow.name.fota.reported.model", type: "String" },
];

test("an account without an index gets registry, connectivity and the shadow", () => {
  const { configuration, changes } = withFleet(undefined);
  expect(configuration).toEqual({
    thingIndexingMode: "REGISTRY",
    thingConnectivityIndexingMode: "STATUS",
    namedShadowIndexingMode: "ON",
    filter: { namedShadowNames: ["fota"] },
    customFields: FIELDS,
  });
  expect(changes).toHaveLength(6);
  expect(withFleet(configuration).changes).toEqual([]);
});

test("everything else of the configuration is kept", () => {
  const { configuration } = withFleet({
    thingIndexingMode: "REGISTRY_AND_SHADOW",
    deviceDefenderIndexingMode: "VIOLATIONS",
    namedShadowIndexingMode: "ON",
    filter: { namedShadowNames: ["site"], geoLocations: [{ name: "shadow.reported.at", order: "LatLon" }] },
    customFields: [{ name: "attributes.room", type: "String" }],
    managedFields: [{ name: "thingName", type: "String" }],
  });
  expect(configuration).toEqual({
    thingIndexingMode: "REGISTRY_AND_SHADOW",
    thingConnectivityIndexingMode: "STATUS",
    deviceDefenderIndexingMode: "VIOLATIONS",
    namedShadowIndexingMode: "ON",
    filter: {
      namedShadowNames: ["site", "fota"],
      geoLocations: [{ name: "shadow.reported.at", order: "LatLon" }],
    },
    customFields: [{ name: "attributes.room", type: "String" }, ...FIELDS],
  });
});
