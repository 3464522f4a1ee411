export type { AgentConfig } from "@fota/shared";
export {
  initBootRecord,
  readBootRecord,
  type SavedBootRecord,
  writeBootRecord,
} from "../boot/boot-record.js";
export { type NextBoot, type NextBootOptions, nextBoot } from "../boot/next-boot.js";
export { RESET_EXIT_CODE } from "../boot/reset.js";
export { simulateBoot } from "../boot/simulate-boot.js";
export {
  openSimulatedRecord,
  type SimulatedRecord,
  type SimulatedRecordOptions,
} from "../boot/simulated-record.js";
export { readAgentConfig } from "./agent-config.js";
export type { BootLoader, LoaderSlotsOptions } from "./boot-loader.js";
export { type CommandSlotsOptions, commandSlots } from "./command-slots.js";
export { type NodeDeviceOptions, nodeDevice } from "./device.js";
export {
  type DeviceIdentity,
  type DeviceIdentityOptions,
  readDeviceIdentity,
  type TlsIdentity,
} from "./device-identity.js";
export { type FileSlotsOptions, fileSlots } from "./file-slots.js";
export { fileState } from "./file-state.js";
export { type GrubLoaderOptions, type GrubSlotsOptions, grubLoader, grubSlots } from "./grub-slots.js";
export { heartbeat } from "./heartbeat.js";
export { nodeClock, nodeRandom, stderrLog } from "./host.js";
export { type NodeHttpOptions, nodeHttp } from "./http.js";
export { connectThing } from "./mqtt.js";
export type { EngineKey, ThingOptions } from "./mqtt-options.js";
export type { Given, Pem } from "./pem.js";
export { type ProvisionOptions, provisionThing, type ThingIdentity } from "./provision.js";
export type { ProxyOption } from "./proxy.js";
export { type RaucSlotsOptions, raucSlots } from "./rauc-slots.js";
export { type SimulatedSlotsOptions, simulatedSlots } from "./simulated-slots.js";
export { simulatedState } from "./simulated-state.js";
export { type SwupdateSlotsOptions, swupdateSlots } from "./swupdate-slots.js";
export {
  type TrybootLoaderOptions,
  type TrybootSlotsOptions,
  trybootLoader,
  trybootSlots,
} from "./tryboot-slots.js";
export { type UbootLoaderOptions, type UbootSlotsOptions, ubootLoader, ubootSlots } from "./uboot-slots.js";
export { type UefiLoaderOptions, type UefiSlotsOptions, uefiLoader, uefiSlots } from "./uefi-slots.js";
