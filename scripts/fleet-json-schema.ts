import { toJsonSchema } from "@valibot/to-json-schema";
import { fleetSchema } from "../packages/cli/src/rehearse/fleet-schema.js";

/** The file of `fota rehearse --fleet` as a JSON Schema, for editors. */
export function fleetJsonSchema(): object {
  // JSON has no infinite numbers, so JSON Schema needs no rule against them.
  return { title: "fleet of fota rehearse", ...toJsonSchema(fleetSchema, { ignoreActions: ["finite"] }) };
}
