import { join } from "node:path";

/** The folder of the agent's source. */
export const SRC = join(import.meta.dirname, "../src");

/** esbuild's options for a firmware in an engine that is neither Node nor a browser. */
export const PORTABLE_BUILD = {
  bundle: true,
  minify: true,
  format: "esm" as const,
  platform: "neutral" as const,
  target: "es2022",
  conditions: ["@fota/source"],
  write: false as const,
};
