// An entry of its own: a build without trusted keys carries none of this.
export { createTrust } from "./core/trust-keeper.js";
export type { SecurityCounter, Trust, TrustGuard, TrustOptions, TrustSettings } from "./core/trust-ports.js";
