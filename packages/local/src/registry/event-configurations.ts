import type { RegistryContext } from "./context.js";
import type { EventType } from "./registry.js";

/** Enables and disables kinds of events; those that are not named stay as they are. */
export function updateEventConfigurations(
  turn: RegistryContext,
  input: { enable: EventType[]; disable: EventType[] },
) {
  const { firstAtMs = turn.nowMs } = turn.world.eventConfigurationsSet ?? {};
  turn.world.eventConfigurationsSet = { firstAtMs, lastAtMs: turn.nowMs };
  for (const type of input.enable) turn.world.eventConfigurations.add(type);
  for (const type of input.disable) turn.world.eventConfigurations.delete(type);
}
