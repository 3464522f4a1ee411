import type { DeviceGroup, Population } from "./population.js";

/** An image that fails on more devices than the fleet's own failures. */
export interface BadImage {
  /** What it does on a device: the trial fails and the device reverts, or the device hangs. */
  kind: "fails" | "hangs";
  /** Share of the devices, of those that would succeed with a good image. */
  share: number;
}

/** Returns the population as it is when it gets a bad image. */
export function withBadImage({ size, groups }: Population, { kind, share }: BadImage): Population {
  const changed = kind === "fails" ? "trialFailureShare" : "hangShare";
  return {
    size,
    groups: groups.map((group): DeviceGroup => {
      const { rejectionShare = 0, trialFailureShare = 0, hangShare = 0 } = group;
      const good = Math.max(0, 1 - rejectionShare - trialFailureShare - hangShare);
      return { ...group, [changed]: (group[changed] ?? 0) + share * good };
    }),
  };
}
