// An entry of its own: a build without an inventory carries none of this.
export { createInventory, type InventorySettings } from "./core/inventory.js";
export type { InventoryReporter } from "./core/inventory-port.js";
