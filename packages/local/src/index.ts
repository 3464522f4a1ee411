export type { IssuedCertificate } from "./certificates/issuer.js";
export { type Clock, type MovableClock, systemClock } from "./clock.js";
export type { Fault } from "./faults/fault.js";
export type { ActiveFault, Faults } from "./faults/faults.js";
export { type Local, type LocalInfo, type LocalOptions, startLocal } from "./local.js";
export type { Log } from "./log.js";
export { manualClock } from "./movable-clock.js";
export type { ProvisionedThing } from "./services/provision.js";
export type { Credentials } from "./sigv4/sigv4.js";
