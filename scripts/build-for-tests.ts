import { execFileSync } from "node:child_process";

/** Builds what end-to-end tests start as real processes: the CLI, fota-boot and the example firmware. */
export default function setup(): void {
  execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
}
