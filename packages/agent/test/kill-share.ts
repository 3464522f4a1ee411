/** How many devices share the kills of a sweep. They mostly wait, so four take little longer than one. */
const DEVICES = 4;

/**
 * Returns how often each device is killed: all the kills for one device in a short run, and a share for each of
 * four devices, to be killed side by side, in a sweep.
 */
export function shareKills(kills: number): { device: number; kills: number }[] {
  if (!process.env["FOTA_SWEEP"]) return [{ device: 1, kills }];
  return Array.from({ length: DEVICES }, (_, index) => ({
    device: index + 1,
    kills: Math.ceil(kills / DEVICES),
  }));
}
