import { defineConfig } from "vitest/config";
import shared from "./vitest.config.js";

/** Tests with real boot loaders in QEMU: `npm run test:boot`. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ["packages/*/test/qemu/*.boot.ts"],
    maxWorkers: 2, // each test keeps a core busy
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ["default", "./scripts/boot-counts.ts", "./scripts/closing-line.ts"],
  },
});
