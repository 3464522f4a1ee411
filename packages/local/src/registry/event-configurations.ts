import type { RegistryContext } from "./context.js";
import type { EventType } from "./registry.js";

/** Enables and disables event types; others stay as they are. */
export function updateEventConfigurations(
  context: RegistryContext,
  input: { enable: EventType[]; disable: EventType[] },
) {
  const { firstAtMs = context.nowMs } = context.world.eventConfigurationsSet ?? {};
  context.world.eventConfigurationsSet = { firstAtMs, lastAtMs: context.nowMs };
  for (const type of input.enable) context.world.eventConfigurations.add(type);
  for (const type of input.disable) context.world.eventConfigurations.delete(type);
}
